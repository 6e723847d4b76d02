import Payments
import Providers
import Seams
import Settlement
import Storage

extension ReconciliationWorker {
    /// Deals with the messages that rails have pushed, in the order in which they came.
    func readInbox(into pass: inout Pass) async {
        let now = settlement.clock.now()
        let limit = configuration.messagesPerPass
        var messages: [InboxMessage] = []
        await attempt("inbox", into: &pass) { _ in
            messages = try await settlement.database.read { session in
                try session.pendingInbox(source: nil, dueAt: now, limit: limit)
            }
        }
        for message in messages {
            await attempt("message \(message.sequence) of \(message.source)", into: &pass) { pass in
                try await deal(with: message, into: &pass)
            }
        }
    }

    private func deal(with message: InboxMessage, into pass: inout Pass) async throws {
        do {
            let body = try settlement.bytes(of: message)
            var outcomes: [String] = []
            var isSetAside = false
            for provider in settlement.providers.providers {
                guard let push = provider.push, push.source == message.source else { continue }
                for meaning in meanings(of: message, body, to: push, &isSetAside) {
                    let outcome = try await record(meaning, of: message, at: provider, into: &pass)
                    if let outcome { outcomes.append(outcome) }
                }
            }
            if let outcome = try await converse(body, message.source) { outcomes.append(outcome) }
            let outcome = outcomes.isEmpty ? "nothing about money" : outcomes.joined(separator: "; ")
            let now = settlement.clock.now()
            try await settlement.writeShared { try $0.finishInbox(message.sequence, outcome: outcome, at: now) }
            pass.messages += 1
        } catch {
            // A pushed message is never dropped: it is tried again, and stays visible until it is dealt with.
            let now = settlement.clock.now()
            let until = now.advanced(by: pause(before: message, at: now))
            try await settlement.writeShared { session in
                try session.postponeInbox(message.sequence, until: until, reason: "\(error)")
            }
            throw error
        }
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
        _ meaning: PushedMessage,
        of message: InboxMessage,
        at provider: any PaymentProvider,
        into pass: inout Pass
    ) async throws -> String? {
        switch meaning {
        case .observation(let observation):
            let recorded = try await settlement.record(observation, at: provider, heardAt: message.receivedAt)
            if case .payment = recorded { pass.payments += 1 }
            if recorded == .setAside { pass.setAside += 1 }
            return "\(recorded)"
        case .subscription(let reference, let event):
            let isOurs = try await settlement.changeSubscription(
                reference,
                by: event,
                at: provider,
                heardAt: message.receivedAt
            )
            return isOurs ? "subscription: \(event)" : nil
        // Questions are answered when they come; one in the inbox is too old to be answered.
        case .question, .nothing:
            return nil
        }
    }
}
