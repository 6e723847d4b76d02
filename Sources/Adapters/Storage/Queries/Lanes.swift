package import Payments

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

    /// How many numbers of a lane are under way.
    package func numbersUnderWay(in lane: String) throws -> Int64 {
        try first("SELECT COUNT(DISTINCT number) FROM lanes WHERE lane = $1", [.text(lane)]) { try $0.integer() } ?? 0
    }
}
