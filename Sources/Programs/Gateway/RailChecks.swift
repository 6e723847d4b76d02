import Logging
import Providers
import Seams
import Synchronization

/// Looks whether each rail is there and is the configured one: at start, and again until it is.
///
/// The start depends on nothing outside. A rail that does not answer is not offered to new invoices, and everything else
/// is served; it is brought in as soon as it answers. A rail that answers and is another than the configured one stops
/// the start; one that turns out to be another later is not offered, and the operator is told.
final class RailChecks: Sendable {
    /// How a rail is asked, and which providers wait for its answer.
    struct Check: Sendable {
        /// What is asked, for people: `ton-mainnet`, `bot shop`.
        let subject: String
        /// The keys of the providers that are not offered until it has answered.
        let providers: [String]
        /// Whether a wrong answer stops the start; not for what merchants have added.
        let stopsStart: Bool
        /// Asks; it throws `ProviderError` with the code `refused` or `invalidRequest` when the configuration is wrong.
        let ask: @Sendable () async throws(ProviderError) -> Void

        /// The name of the condition that says that it is missing.
        var condition: String { "rail \(subject)" }
    }

    /// Why a rail is missing, as the log has it.
    private struct Cause {
        let code: ProviderError.Code
        /// Whether it is only that the start did not wait for an answer: why, the rail says later.
        let isLate: Bool
    }

    /// The first and the longest pause before a rail is asked again.
    private static let pauses = (first: Duration.seconds(1), longest: Duration.seconds(60))
    /// How long the start waits for answers.
    private static let patience = Duration.seconds(8)

    private let registry: ProviderRegistry
    private let conditions: Conditions
    private let clock: any WallClock
    private let logger: Logger
    private let missing = Mutex<[String: Check]>([:])
    /// The cause that the log has of each rail that is missing.
    private let causes = Mutex<[String: Cause]>([:])
    private let added: AsyncStream<Check>
    private let adding: AsyncStream<Check>.Continuation

    /// Checks of the providers in a registry.
    init(of registry: ProviderRegistry, conditions: Conditions, clock: any WallClock, logger: Logger) {
        self.registry = registry
        self.conditions = conditions
        self.clock = clock
        self.logger = logger
        (added, adding) = AsyncStream.makeStream()
    }

    /// Asks all rails at once, and waits no longer than a start may take.
    ///
    /// - Throws: ``ConfigurationError`` when one of them answers and is another than the configured one.
    func begin(_ checks: [Check]) async throws(ConfigurationError) {
        for check in checks { hold(check) }
        let wrong = await withTaskGroup(of: (Check, ProviderError?)?.self) { group in
            for check in checks { group.addTask { (check, await self.failure(of: check)) } }
            group.addTask { [clock] in
                try? await clock.sleep(for: Self.patience)
                return nil
            }
            var wrong: [String] = []
            var left = checks.count
            while left > 0, let outcome = await group.next() {
                guard let (check, failure) = outcome else {
                    // Whoever has not answered by now is asked again later.
                    group.cancelAll()
                    continue
                }
                left -= 1
                if let failure, failure.isWrongConfiguration, check.stopsStart {
                    wrong.append("\(check.subject): \(failure.reason)")
                }
            }
            group.cancelAll()
            return wrong
        }
        for check in checks where isMissing(check) {
            tell(ProviderError(.unavailable, "no answer came in time"), of: check, isLate: true)
        }
        guard wrong.isEmpty else { throw ConfigurationError(wrong.sorted().joined(separator: "; ")) }
    }

    /// Has a rail that came later asked until it answers; nothing waits for it.
    func add(_ check: Check) {
        hold(check)
        adding.yield(check)
    }

    /// Asks the rails that are missing once more, now.
    func repeatNow() async {
        for check in missing.withLock({ Array($0.values) }) { _ = await failure(of: check) }
    }

    /// Asks what is missing, with growing pauses, until the task is cancelled.
    func run() async {
        for check in missing.withLock({ Array($0.values) }) { adding.yield(check) }
        await withDiscardingTaskGroup { group in
            for await check in added { group.addTask { await self.keepAsking(check) } }
        }
    }

    private func keepAsking(_ check: Check) async {
        var pause = Self.pauses.first
        while isMissing(check), await failure(of: check) != nil {
            do { try await clock.sleep(for: pause) } catch { return }
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    private func isMissing(_ check: Check) -> Bool { missing.withLock { $0[check.subject] != nil } }

    private func hold(_ check: Check) {
        missing.withLock { $0[check.subject] = check }
        for provider in check.providers { registry.hold(provider) }
    }

    /// Asks once; returns nil when the rail is there and right, and then it is offered.
    private func failure(of check: Check) async -> ProviderError? {
        do throws(ProviderError) { try await check.ask() } catch {
            // A question that was called off says nothing about the rail.
            if !Task.isCancelled || error.isWrongConfiguration { tell(error, of: check) }
            return error
        }
        missing.withLock { $0[check.subject] = nil }
        causes.withLock { $0[check.subject] = nil }
        for provider in check.providers { registry.release(provider) }
        if conditions.clear(check.condition) != nil {
            logger.notice("\(check.subject) answers, and is offered from now on")
        }
        return nil
    }

    /// The board has our own words only; what the rail said stands in the log, once for each cause: a rail that did not
    /// answer in time and then says why has both.
    private func tell(_ error: ProviderError, of check: Check, isLate: Bool = false) {
        let sentence =
            error.isWrongConfiguration
            ? "it answers, but is not what the configuration says; correct one of them (the log says what differs)"
            : "it does not answer; new invoices are not offered it until it does"
        conditions.raise(check.condition, .degraded, sentence, at: clock.now())
        let isNews = causes.withLock { causes in
            let last = causes[check.subject]
            // At the end of the start the rail may have said why already.
            guard last == nil || !isLate else { return false }
            causes[check.subject] = Cause(code: error.code, isLate: isLate)
            return last?.code != error.code || last?.isLate == true
        }
        if isNews { logger.warning("\(check.subject) is not offered: \(error)") }
    }
}

extension ProviderError {
    /// Whether the rail has answered, and is another than the configured one: waiting does not help.
    var isWrongConfiguration: Bool { code == .refused || code == .invalidRequest }
}
