import Seams
import StrictJSON
import Synchronization

/// Hands bots' answers to queries to the payments that wait for them.
final class AnswerBoard: Sendable {
    /// A bot's answer to a query.
    struct Answer: Sendable {
        /// The message that the customer reads when the bot refuses; nil when it agrees.
        let refusal: String?
        /// The ways of shipping that it offers.
        var shippingOptions: [JSONValue] = []
    }

    private enum Slot {
        case open
        case waiting(CheckedContinuation<Answer?, Never>)
        case answered(Answer)
    }

    private let slots = Mutex<[String: Slot]>([:])

    func expect(_ id: String) { slots.withLock { $0[id] = .open } }

    /// Takes an answer; returns false when no payment waits for it.
    func answer(_ id: String, _ answer: Answer) -> Bool {
        let waiter: CheckedContinuation<Answer?, Never>?? = slots.withLock { slots in
            switch slots[id] {
            case .open:
                slots[id] = .answered(answer)
                return .some(nil)
            case .waiting(let continuation):
                slots[id] = nil
                return continuation
            case .answered, nil: return nil
            }
        }
        guard let waiter else { return false }
        waiter?.resume(returning: answer)
        return true
    }

    /// Waits for an answer; returns nil when the limit has passed.
    func wait(for id: String, until limit: Duration, by clock: any WallClock) async -> Answer? {
        let timer = Task { [self] in
            try await clock.sleep(for: limit)
            expire(id)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let answer: Answer? = slots.withLock { slots in
                if case .answered(let answer) = slots[id] {
                    slots[id] = nil
                    return answer
                }
                slots[id] = .waiting(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func expire(_ id: String) {
        let waiter: CheckedContinuation<Answer?, Never>? = slots.withLock { slots in
            defer { slots[id] = nil }
            if case .waiting(let continuation) = slots[id] { return continuation }
            return nil
        }
        waiter?.resume(returning: nil)
    }
}
