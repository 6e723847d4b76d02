/// The life of a payout or refund, as a value: it takes an event and returns the next action.
///
/// ```
/// awaitingApproval ─approved→ awaitingPayment ─signed→ inProgress ─confirmed→ completed
///        │                          │                     ├─lost sight of→ unknown ─confirmed→ completed
///        └────────cancelled─────────┘                     └─proven dead──→ failed  ←─proven dead─┘
/// ```
///
/// When a rail no longer shows an outcome that it had shown as final, the state is unknown again, and the same signed
/// bytes are followed to their new fate. Where a person had found the transfer on the rail, those bytes are not ours. A
/// person then decides again whether it has left or is owed.
///
/// Two rules protect the money. Nothing returns to a payable state automatically: a person requests a new payout, or
/// decides that this one is owed. An unknown outcome is ``State/unknown``, never ``State/failed``: a lost reply proves
/// nothing about the transfer.
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

    /// An event of a payout or refund.
    package enum Event: String, Hashable, Sendable, CaseIterable {
        /// An authorised person approved it.
        case approved
        /// An authorised person cancelled it.
        case cancelled
        /// The signed request is stored; nothing was sent before.
        case signed
        /// The provider did not report the transfer's fate.
        case outcomeUnknown
        /// The transfer was seen, final, with this destination and amount.
        case confirmed
        /// A person has found on the rail that it left, by a signature that is not in the books.
        case foundSent
        /// A person has decided that a transfer that was found and is gone again never left, and that nothing was
        /// signed for it here.
        case foundOwed
        /// The signed request can no longer take effect, by the rail's own clock.
        case provenDead
        /// The rail's history no longer contains the outcome that was seen.
        case historyRevised
        /// It cannot be signed: the rail refuses it for good before anything is sent.
        case refused
    }

    /// The caller's next action.
    package enum Action: Hashable, Sendable {
        case sign
        case submit
        case watch
        case postCompleted
        case releaseFunds
        /// Undo the bookings of its end.
        case reopen
        /// The event is a repetition that needs no action.
        case none
    }

    /// The current state.
    package private(set) var state: State

    /// A payout or refund as it was stored.
    package init(state: State = .awaitingApproval) {
        self.state = state
    }

    /// Applies an event, moves to the next state and returns the next action.
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
        // An unforeseen pair is refused: with money, that is the safe mistake.
        default: throw .invalidTransition("\(event.rawValue) has no meaning in the state \(state.rawValue)")
        }
    }
}
