import Payments
import Providers
import Seams
import Settlement
import Storage

/// Which pushed messages a duty deals with.
///
/// Those that are answered by calls to the rail are apart, so that a rail that hangs delays no payment.
enum InboxTopic: String, CaseIterable {
    /// What is about money: it is recorded.
    case money = "inbox"
    /// All other, most of which are customers' questions to a bot.
    case questions

    /// The name of the duty.
    var duty: String { rawValue }
}

extension ReconciliationWorker {
    private enum InboxEvent: Sendable {
        /// There may be new messages.
        case called
        /// Time has passed: postponed messages may be due, and the lease has to be renewed.
        case ticked
        /// A message was dealt with, or postponed; `hasNext` when another one of its lane is due by that.
        case ended(InboxMessage, hasNext: Bool, Pass)
    }

    /// How many problems of messages are told at once.
    private static let mostProblems = 100

    /// Deals with pushed messages: those of one lane one after the other, in the order in which they came, several lanes
    /// at once, and those that come meanwhile when they come.
    func readInbox(_ topic: InboxTopic, under lease: Lease?, into pass: inout Pass) async {
        let (events, sender) = AsyncStream.makeStream(of: InboxEvent.self)
        inboxBell.listen(topic.duty) { sender.yield(.called) }
        defer { inboxBell.end(topic.duty) }
        sender.yield(.called)
        var shelf = InboxShelf(width: configuration.messagesAtOnce)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let interval = min(configuration.interval, configuration.leaseDuration / 3)
                while true {
                    do { try await settlement.clock.sleep(for: interval) } catch { return }
                    sender.yield(.ticked)
                }
            }
            events: for await event in events {
                var isCalled = true
                switch event {
                case .called: break
                case .ticked: guard await isRenewed(lease, into: &pass) else { break events }
                case .ended(let message, let hasNext, var part):
                    if pass.problems.count >= Self.mostProblems { part.problems = [] }
                    pass.add(part)
                    shelf.end(message, hasNext: hasNext)
                    isCalled = false
                }
                await attempt(topic.duty, into: &pass) { _ in try await fetch(topic, isCalled, onto: &shelf) }
                for message in shelf.begin() {
                    group.addTask {
                        var part = Pass()
                        let hasNext = await dealOrPostpone(message, under: lease, into: &part)
                        sender.yield(.ended(message, hasNext: hasNext, part))
                    }
                }
                if shelf.isEmpty { break }
            }
            group.cancelAll()
        }
    }

    /// Renews a lease while messages are dealt with under it.
    ///
    /// - Returns: whether it is still held.
    private func isRenewed(_ lease: Lease?, into pass: inout Pass) async -> Bool {
        guard let lease else { return true }
        var isHeld = true
        await attempt("lease of \(lease.name)", into: &pass) { _ in
            let now = settlement.clock.now()
            let end = now.advanced(by: configuration.leaseDuration)
            let renewed = try await settlement.writeShared { session in
                try session.claimLease(lease.name, by: identity, at: now, until: end)
            }
            isHeld = renewed == lease
        }
        return isHeld
    }

    /// Fetches due messages of the inboxes of which the shelf has none.
    private func fetch(_ topic: InboxTopic, _ isCalled: Bool, onto shelf: inout InboxShelf) async throws {
        let (now, isMoney) = (settlement.clock.now(), topic == .money)
        if isCalled {
            shelf.call(try await settlement.database.read { try $0.inboxSources(aboutMoney: isMoney) })
        }
        let wanted = shelf.wanted
        guard !wanted.isEmpty else { return }
        let fetched = try await settlement.database.read { session in
            try wanted.map { wish in
                try session.firstInbox(of: wish.source, aboutMoney: isMoney, dueAt: now, limit: wish.limit)
            }
        }
        for (wish, messages) in zip(wanted, fetched) { shelf.add(messages, from: wish.source, limit: wish.limit) }
    }

    /// Deals with a message; one with which that fails is tried again later.
    ///
    /// - Returns: whether another one of its lane is due now.
    private func dealOrPostpone(_ message: InboxMessage, under lease: Lease?, into pass: inout Pass) async -> Bool {
        var hasNext = false
        await attempt("message \(message.sequence) of \(message.source)", into: &pass) { pass in
            do { hasNext = try await deal(with: message, under: lease, into: &pass) } catch {
                // It was stopped, and begins anew.
                guard !Task.isCancelled else { throw error }
                // A pushed message is never dropped: it is tried again, and stays visible until it is dealt with.
                let now = settlement.clock.now()
                let until = now.advanced(by: pause(before: message, at: now))
                try await settlement.writeShared { session in
                    if let lease { try session.require(lease) }
                    try session.postponeInbox(message, until: until, reason: "\(error)")
                }
                throw error
            }
        }
        return hasNext
    }

    private func deal(
        with message: InboxMessage,
        under lease: Lease?,
        into pass: inout Pass
    ) async throws -> Bool {
        let body = try settlement.bytes(of: message)
        var outcomes: [String] = []
        var isSetAside = false
        for provider in settlement.providers.providers {
            guard let push = provider.push, push.source == message.source else { continue }
            for meaning in meanings(of: message, body, to: push, &isSetAside) {
                let told = PushedTidings(meaning: meaning, heardAt: message.receivedAt, lease: lease)
                if let outcome = try await record(told, at: provider, into: &pass) { outcomes.append(outcome) }
            }
        }
        if let outcome = try await converse(body, message.source) { outcomes.append(outcome) }
        let outcome = outcomes.isEmpty ? "nothing about money" : outcomes.joined(separator: "; ")
        let now = settlement.clock.now()
        let hasNext = try await settlement.writeShared { session in
            if let lease { try session.require(lease) }
            return try session.finishInbox(message, outcome: outcome, at: now)
        }
        pass.messages += 1
        return hasNext
    }

    /// How long a message rests before it is tried again: a tenth of the time that it has waited, at least the
    /// configured interval and at most 600 s.
    private func pause(before message: InboxMessage, at now: Timestamp) -> Duration {
        let waited = Duration.seconds(now.seconds) - .seconds(message.receivedAt.seconds)
        return min(max(configuration.inboxRetryInterval, waited / 10), .seconds(600))
    }

    /// The meanings of a message; one that cannot be read is set aside once.
    private func meanings(
        of message: InboxMessage,
        _ body: [UInt8],
        to push: any PushReceiving,
        _ isSetAside: inout Bool
    ) -> [PushedMessage] {
        do throws(ProviderError) { return try push.interpret(body) } catch {
            guard !isSetAside else { return [] }
            isSetAside = true
            let found = SetAside(
                naturalKey: NaturalKey("inbox", message.source, "\(message.sequence)"),
                account: message.source,
                asset: nil,
                units: nil,
                cause: .unreadable,
                explanation: "a pushed message cannot be read: \(error.reason)",
                occurredAt: message.receivedAt
            )
            return [.observation(.setAside(found, bytes: body))]
        }
    }

    private func record(
        _ told: PushedTidings,
        at provider: any PaymentProvider,
        into pass: inout Pass
    ) async throws -> String? {
        switch told.meaning {
        case .observation(let observation):
            let recorded = try await settlement.record(observation, at: provider, heardAt: told.heardAt)
            if case .payment = recorded { pass.payments += 1 }
            if recorded == .setAside { pass.setAside += 1 }
            return "\(recorded)"
        case .subscription(let reference, let event):
            let isOurs = try await settlement.changeSubscription(
                reference,
                by: event,
                at: provider,
                heardAt: told.heardAt,
                under: told.lease
            )
            return isOurs ? "subscription: \(event)" : nil
        // Questions are answered when they come; one in the inbox is too old to be answered.
        case .question, .nothing:
            return nil
        }
    }
}

/// What a pushed message says, when it came, and the right by which it is dealt with.
private struct PushedTidings {
    let meaning: PushedMessage
    let heardAt: Timestamp
    let lease: Lease?
}
