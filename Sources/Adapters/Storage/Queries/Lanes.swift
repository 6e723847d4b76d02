import Payments

/// Lanes: of the transfers that use one, a single one is under way, whatever their books.
extension SQLSession {
    /// Takes the lane of a transfer that is under way now, and leaves it when the transfer no longer is.
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
            INSERT INTO lanes (lane, book, transfer)
            SELECT t.lane, t.book, t.id FROM outgoing t WHERE t.book = $1 AND t.id = $2 AND t.lane IS NOT NULL
            """,
            key
        )
    }

    /// Whether another transfer that uses a lane is under way.
    package func isLaneBusy(_ lane: String, except id: String) throws -> Bool {
        try first(
            """
            SELECT 1 FROM lanes WHERE (lane = $1 OR substr(lane, 1, length($1) + 1) = $1 || '#')
            AND transfer <> $2 LIMIT 1
            """,
            [.text(lane), .transfer(id)]
        ) { try $0.integer() } != nil
    }

    /// Lets a transfer share its lane with others: several that are reopened may be under way at once.
    package func shareLane(of id: String) throws {
        try execute(
            """
            UPDATE outgoing SET lane = lane || $2 WHERE \(within()) AND id = $1 AND lane IS NOT NULL
            AND lane NOT LIKE '%#%'
            """,
            [.transfer(id), .text("#" + id)]
        )
    }
}
