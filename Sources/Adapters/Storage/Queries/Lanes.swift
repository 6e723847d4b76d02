package import Payments
package import Seams

/// Lanes: one request is under way with each number of a wallet that takes numbers in turn, whatever the books of its
/// transfers.
extension SQLSession {
    /// Takes the place of a transfer that is under way now in its lane, and leaves it when the transfer no longer is.
    func keepLane(
        of transfer: OutgoingTransfer,
        in place: SQLValue,
        from old: PayoutStateMachine.State
    ) throws {
        let key = [place, SQLValue.transfer(transfer.purpose.id)]
        if old.isSent { try execute("DELETE FROM lanes WHERE book = $1 AND transfer = $2", key) }
        guard transfer.status.state.isSent else { return }
        try execute(
            """
            INSERT INTO lanes (lane, number, position, book, transfer)
            SELECT t.lane, t.sequence, t.position, t.book, t.id FROM outgoing t
            WHERE t.book = $1 AND t.id = $2 AND t.lane IS NOT NULL AND t.sequence IS NOT NULL
            """,
            key
        )
    }

    /// The transfers of a lane that are under way, the lowest number first.
    package func outgoingUnderWay(in lane: String) throws -> [OutgoingTransfer] {
        try all(
            """
            SELECT \(Self.outgoingColumns) FROM lanes l JOIN outgoing t ON t.book = l.book AND t.id = l.transfer
            WHERE l.lane = $1 ORDER BY l.number, l.position
            """,
            [.text(lane)]
        ) { try $0.outgoing() }
    }

    /// The transfers of a lane that are under way and due to be looked at, by their identifiers.
    package func dueUnderWay(in lane: String, at moment: Timestamp) throws -> Set<String> {
        let due = try all(
            """
            SELECT t.id, t.kind FROM lanes l JOIN outgoing t ON t.book = l.book AND t.id = l.transfer
            WHERE l.lane = $1 AND (t.next_attempt_at <= $2 OR t.next_attempt_at > $3)
            """,
            [.text(lane), .moment(moment), .moment(moment.advanced(by: Self.longestPause))]
        ) { try $0.optionalTransferID() }
        return Set(due.compactMap { $0 })
    }

    /// When the first of a provider's transfers that were sent is due to be looked at, without those that are under way in
    /// `lane`; nil when there is none.
    package func nextAttempt(of provider: String, outside lane: String?) throws -> Timestamp? {
        try first(
            """
            SELECT MIN(t.next_attempt_at) FROM outgoing t WHERE \(PayoutStateMachine.State.isSent(in: "t."))
            AND t.provider = $1 AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.book = t.book AND l.transfer = t.id
            AND l.lane = $2)
            """,
            [.text(provider), .text(lane ?? "")]
        ) { try $0.optionalMoment() } ?? nil
    }

    /// How many numbers of a lane are under way, from a number on.
    package func numbersUnderWay(in lane: String, from first: Int64) throws -> Int64 {
        try self.first(
            "SELECT COUNT(DISTINCT number) FROM lanes WHERE lane = $1 AND number >= $2",
            [.text(lane), .integer(first)]
        ) { try $0.integer() } ?? 0
    }
}
