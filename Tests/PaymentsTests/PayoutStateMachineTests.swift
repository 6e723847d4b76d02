import Payments
import Testing

@Suite("A payout's or refund's life")
struct PayoutStateMachineTests {
    typealias State = PayoutStateMachine.State
    typealias Event = PayoutStateMachine.Event
    typealias Action = PayoutStateMachine.Action

    /// All transitions; every other one is refused.
    static let transitions: [(from: State, on: Event, to: State, doing: Action)] = [
        (.awaitingApproval, .approved, .awaitingPayment, .sign),
        (.awaitingApproval, .cancelled, .cancelled, .releaseFunds),
        (.awaitingPayment, .approved, .awaitingPayment, .none),
        (.awaitingPayment, .cancelled, .cancelled, .releaseFunds),
        (.awaitingPayment, .refused, .failed, .releaseFunds),
        (.awaitingApproval, .foundSent, .completed, .postCompleted),
        (.awaitingPayment, .foundSent, .completed, .postCompleted),
        (.completed, .foundSent, .completed, .none),
        (.unknown, .foundSent, .completed, .postCompleted),
        (.unknown, .foundOwed, .awaitingPayment, .sign),
        (.awaitingPayment, .signed, .inProgress, .submit),
        (.inProgress, .signed, .inProgress, .none),
        (.inProgress, .outcomeUnknown, .unknown, .watch),
        (.inProgress, .confirmed, .completed, .postCompleted),
        (.inProgress, .provenDead, .failed, .releaseFunds),
        (.unknown, .outcomeUnknown, .unknown, .none),
        (.unknown, .confirmed, .completed, .postCompleted),
        (.unknown, .provenDead, .failed, .releaseFunds),
        (.completed, .confirmed, .completed, .none),
        (.completed, .historyRevised, .unknown, .reopen),
        (.failed, .historyRevised, .unknown, .reopen),
        (.failed, .provenDead, .failed, .none),
        (.failed, .refused, .failed, .none),
        (.cancelled, .cancelled, .cancelled, .none),
    ]

    @Test("takes the transitions of the table", arguments: transitions)
    func follows(from: State, on event: Event, to state: State, doing action: Action) throws {
        var payout = PayoutStateMachine(state: from)
        #expect(try payout.apply(event) == action)
        #expect(payout.state == state)
    }

    @Test("refuses every other event and stays as it is", arguments: State.allCases, Event.allCases)
    func refuses(state: State, event: Event) {
        guard !Self.transitions.contains(where: { $0.from == state && $0.on == event }) else { return }
        var payout = PayoutStateMachine(state: state)
        #expect(throws: PaymentsError.self) { try payout.apply(event) }
        #expect(payout.state == state)
    }

    @Test(
        "once signed, is never payable again unless a person says that it is owed",
        arguments: [State.inProgress, .unknown, .completed, .failed]
    )
    func neverPayableAgain(state: State) {
        for event in Event.allCases where event != .foundOwed {
            var payout = PayoutStateMachine(state: state)
            _ = try? payout.apply(event)
            #expect(payout.state != .awaitingApproval && payout.state != .awaitingPayment)
        }
    }
}
