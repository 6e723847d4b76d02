import Logging
import Providers
import Seams
import Synchronization

/// Checks that each rail answers and is the configured one: at start, and again until it does.
///
/// The start depends on nothing outside. A rail that does not answer is not offered to new invoices, while everything
/// else is served; it is offered as soon as it answers. A rail that differs from the configuration stops the start; if
/// that shows only later, the rail is not offered, and the operator is told.
final class RailChecks: Sendable {
    /// How a rail is asked, and which providers wait for its answer.
    struct Check: Sendable {
        /// The rail's name for people: `ton-mainnet`, `bot shop`.
        let subject: String
        /// The keys of the providers that are not offered until the rail has answered.
        let providers: [String]
        /// Whether a wrong answer stops the start; false for bots that merchants have added.
        let stopsStart: Bool
        /// Asks the rail; throws `ProviderError` with the code `refused` or `invalidRequest` when the configuration is
        /// wrong.
        let ask: @Sendable () async throws(ProviderError) -> Void

        /// The name of the condition that the rail is missing.
        var condition: String { "rail \(subject)" }
    }

    /// Why a rail is missing, as logged.
    private struct Cause {
        let code: ProviderError.Code
        /// Whether the only reason is that the start did not wait longer; the rail may give another one later.
        let isLate: Bool
    }

    /// The first and the longest pause before a rail is asked again.
    private static let pauses = (first: Duration.seconds(1), longest: Duration.seconds(60))
    /// How long the start waits for answers.
    private static let patience = Duration.seconds(8)

    /// The name of the condition that the start is not over.
    private static let startCondition = "start"

    private let registry: ProviderRegistry
    private let conditions: Conditions
    private let clock: any WallClock
    private let logger: Logger
    private let missing = Mutex<[String: Check]>([:])
    /// The logged cause for each rail that is missing.
    private let causes = Mutex<[String: Cause]>([:])
    /// The checks of the start, and those who wait until it is over.
    private let start = Mutex<(checks: [Check], isOver: AsyncStream<Void>, end: AsyncStream<Void>.Continuation)?>(nil)
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

    /// Names the rails that are asked at the start; none of them is offered before it has answered.
    ///
    /// Until they have answered or had their time, the gateway is not ready: an order for a rail that is well would be
    /// refused.
    func prepare(_ checks: [Check]) {
        let sentence = "the rails are asked whether they are there, which takes some seconds at most"
        conditions.raise(Self.startCondition, .blocking, sentence, at: clock.now())
        for check in checks { hold(check) }
        let (isOver, end) = AsyncStream.makeStream(of: Void.self)
        start.withLock { $0 = (checks, isOver, end) }
    }

    /// Asks all rails of the start at once, and waits no longer than the start may take.
    ///
    /// All that answer in time are heard, so that the error does not depend on which of them is first.
    ///
    /// - Throws: ``ConfigurationError`` when one of them answers and differs from the configuration.
    func begin() async throws(ConfigurationError) {
        guard let (checks, _, end) = start.withLock({ $0 }) else { return }
        defer {
            conditions.clear(Self.startCondition)
            end.finish()
        }
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
                    // Rails that have not answered by now are asked again later.
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
        for check in checks where isMissing(check) && !Task.isCancelled {
            tell(ProviderError(.unavailable, "no answer came in time"), of: check, isLate: true)
        }
        guard wrong.isEmpty else { throw ConfigurationError(wrong.sorted().joined(separator: "; ")) }
    }

    /// Adds the check of a rail that came later; it is repeated until the rail answers, and nothing waits for it.
    func add(_ check: Check) {
        hold(check)
        adding.yield(check)
    }

    /// Asks the missing rails again, now.
    func repeatNow() async {
        for check in missing.withLock({ Array($0.values) }) { _ = await failure(of: check) }
    }

    /// Asks the missing rails after the start, with growing pauses, until the task is cancelled.
    func run() async {
        // Until the start is over, it asks them.
        if let start = start.withLock({ $0 }) { for await _ in start.isOver {} }
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

    /// Asks once; returns nil when the rail is the configured one, which is then offered.
    private func failure(of check: Check) async -> ProviderError? {
        do throws(ProviderError) { try await check.ask() } catch {
            // The error of a cancelled call says nothing about the rail.
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

    /// Raises the condition, in our own words only, and logs the rail's error once for each cause.
    ///
    /// A rail that did not answer in time and later gives a reason has both logged.
    private func tell(_ error: ProviderError, of check: Check, isLate: Bool = false) {
        let sentence =
            error.isWrongConfiguration
            ? "it answers, but differs from the configuration; correct one of them (the log says what differs)"
            : "it does not answer; it is not offered to new invoices until it does"
        conditions.raise(check.condition, .degraded, sentence, at: clock.now())
        let isNews = causes.withLock { causes in
            let last = causes[check.subject]
            // At the end of the start the rail may have given a reason already.
            guard last == nil || !isLate else { return false }
            causes[check.subject] = Cause(code: error.code, isLate: isLate)
            return last?.code != error.code || last?.isLate == true
        }
        if isNews { logger.warning("\(check.subject) is not offered: \(error)") }
    }
}

extension ProviderError {
    /// Whether the rail has answered and differs from the configuration, so that waiting does not help.
    var isWrongConfiguration: Bool { code == .refused || code == .invalidRequest }
}
