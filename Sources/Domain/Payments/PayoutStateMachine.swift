/// The life of money on its way out, payout or refund, as a value: it takes an event and says what has to be done.
///
/// ```
/// awaitingApproval ─approved→ awaitingPayment ─signed→ inProgress ─confirmed→ completed
///        │                          │                     ├─lost sight of→ unknown ─confirmed→ completed
///        └────────cancelled─────────┘                     └─proven dead──→ failed  ←─proven dead─┘
/// ```
///
/// What a rail had shown as final and shows no longer is unknown again: the same signed bytes are followed to what becomes
/// of them now. Where those bytes are not ours, because a person had found the transfer on the rail, a person says once
/// more whether it has left or is owed.
///
/// Two rules protect the money. Nothing returns to a payable state by itself: a person asks for a new payout, or says
/// that this one is owed. And what is not known is ``State/unknown``, never ``State/failed``: a reply that was lost says
/// nothing about the transfer that it was about.
package struct PayoutStateMachine: Hashable, Sendable {
    /// Where it stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case awaitingApproval = "awaiting_approval"
        case awaitingPayment = "awaiting_payment"
        case inProgress = "in_progress"
        case unknown
        case completed
        case failed
        case cancelled
    }

    /// What happened.
    package enum Event: String, Hashable, Sendable, CaseIterable {
        /// Someone who may do so approved it.
        case approved
        /// Someone who may do so called it off.
        case cancelled
        /// What is sent is stored; nothing was sent before.
        case signed
        /// The provider did not say what became of the transfer.
        case outcomeUnknown
        /// The transfer was seen, final, with this destination and amount.
        case confirmed
        /// A person has found on the rail that it left, by a signature that the books do not know.
        case foundSent
        /// A person says that what was found and is gone again never left, and that nothing was signed for it here.
        case foundOwed
        /// What was signed can no longer take effect, by the rail's own clock.
        case provenDead
        /// The rail's history no longer has what was seen of it.
        case historyRevised
        /// It cannot be signed at all: the rail refuses it for good before anything was sent.
        case refused
    }

    /// What the caller does next.
    package enum Action: Hashable, Sendable {
        case sign
        case submit
        case watch
        case postCompleted
        case releaseFunds
        /// What was booked when it came to its end is undone.
        case reopen
        /// The event is a repetition, and everything that it asks for was done.
        case none
    }

    /// The current state.
    package private(set) var state: State

    /// A payout or refund as it was stored.
    package init(state: State = .awaitingApproval) {
        self.state = state
    }

    /// Takes an event, moves to the next state and says what follows from it.
    ///
    /// - Throws: ``PaymentsError/invalidTransition(_:)`` when the event has no meaning in the current state, which
    ///   leaves it unchanged.
    package mutating func apply(_ event: Event) throws(PaymentsError) -> Action {
        let (next, action) = try transition(for: event)
        state = next
        return action
    }

    private func transition(for event: Event) throws(PaymentsError) -> (State, Action) {
        switch (state, event) {
        case (.awaitingApproval, .approved): (.awaitingPayment, .sign)
        case (.awaitingApproval, .cancelled), (.awaitingPayment, .cancelled): (.cancelled, .releaseFunds)
        case (.awaitingPayment, .refused): (.failed, .releaseFunds)
        case (.awaitingPayment, .signed): (.inProgress, .submit)
        case (.awaitingApproval, .foundSent), (.awaitingPayment, .foundSent): (.completed, .postCompleted)
        case (.unknown, .foundSent): (.completed, .postCompleted)
        case (.unknown, .foundOwed): (.awaitingPayment, .sign)
        case (.inProgress, .outcomeUnknown): (.unknown, .watch)
        case (.inProgress, .confirmed), (.unknown, .confirmed): (.completed, .postCompleted)
        case (.inProgress, .provenDead), (.unknown, .provenDead): (.failed, .releaseFunds)
        case (.completed, .historyRevised), (.failed, .historyRevised): (.unknown, .reopen)
        case (.awaitingPayment, .approved), (.completed, .foundSent), (.inProgress, .signed),
            (.unknown, .outcomeUnknown), (.completed, .confirmed), (.failed, .provenDead), (.failed, .refused),
            (.cancelled, .cancelled):
            (state, .none)
        // A pair that nobody thought of is refused: with money, that is the safe way to be wrong.
        default: throw .invalidTransition("\(event.rawValue) has no meaning for what is \(state.rawValue)")
        }
    }
}
