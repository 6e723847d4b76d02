package import Payments
package import Seams

/// Sessions with customers' wallets.
extension SQLSession {
    private static var walletSessionColumns: String {
        """
        s.id, s.invoice, s.option, s.wallet, s.bridge, s.secret, s.link, s.created_at, s.expires_at, s.state, s.peer,
        s.account, s.reason, s.last_event
        """
    }

    /// Stores a new session that pays an invoice of a merchant.
    package func insert(_ session: WalletSession, of merchant: MerchantID) throws {
        group.storedWork.insert(.messages)
        let opening = session.opening
        try execute(
            """
            INSERT INTO wallet_sessions (book, id, invoice, option, wallet, bridge, secret, link, created_at, expires_at,
            state) VALUES ($11, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .id(opening.id), .id(opening.invoice), .id(opening.option), .text(opening.wallet),
                .text(opening.bridge), .blob(opening.sealedSecret), .text(opening.link), .moment(opening.createdAt),
                .moment(opening.expiresAt), .code(session.state), try place(of: merchant),
            ]
        )
    }

    /// Stores a session, if its stored state is still that of `before`.
    ///
    /// - Returns: whether it was stored.
    package func update(_ session: WalletSession, from before: WalletSession) throws -> Bool {
        let changed = try change(
            """
            UPDATE wallet_sessions SET state = $1, peer = $2, account = $3, reason = $4, last_event = $5
            WHERE \(within()) AND id = $6 AND state = $7
            """,
            [
                .code(session.state), .text(session.peer), .text(session.account), .text(session.reason),
                .text(session.lastEvent), .id(session.opening.id), .code(before.state),
            ]
        )
        return changed == 1
    }

    /// A session.
    package func walletSession(_ id: WalletSessionID) throws -> WalletSession? {
        try first(
            "SELECT \(Self.walletSessionColumns) FROM wallet_sessions s WHERE \(within("s")) AND s.id = $1",
            [.id(id)]
        ) { try $0.walletSession() }
    }

    /// The last session that was opened for an invoice.
    package func lastWalletSession(of invoice: InvoiceID) throws -> WalletSession? {
        try first(
            """
            SELECT \(Self.walletSessionColumns) FROM wallet_sessions s WHERE \(within("s")) AND s.invoice = $1
            ORDER BY s.id DESC LIMIT 1
            """,
            [.id(invoice)]
        ) { try $0.walletSession() }
    }

    /// The places that open sessions hold, the oldest first.
    package func walletSessionPlaces(at moment: Timestamp, limit: Int) throws -> [FairPlaces.Place<WalletSessionID>] {
        try all(
            """
            SELECT s.id, i.merchant, s.state FROM wallet_sessions s JOIN invoices i ON i.book = s.book
            AND i.id = s.invoice
            WHERE \(WalletSession.State.isOpen(in: "s.")) AND s.expires_at > $1 ORDER BY s.expires_at, s.id LIMIT $2
            """,
            [.moment(moment), .integer(Int64(limit))]
        ) { row in
            let (id, merchant): (WalletSessionID, MerchantID) = (try row.id(), try row.id())
            let state: WalletSession.State = try row.code()
            return FairPlaces.Place(id: id, merchant: merchant, isWaiting: state == .waiting)
        }
    }

    /// Sessions whose wallets may still answer, the oldest first.
    package func openWalletSessions(at moment: Timestamp, limit: Int) throws -> [WalletSession] {
        try all(
            """
            SELECT \(Self.walletSessionColumns) FROM wallet_sessions s
            WHERE \(WalletSession.State.isOpen(in: "s.")) AND s.expires_at > $1 ORDER BY s.expires_at, s.id LIMIT $2
            """,
            [.moment(moment), .integer(Int64(limit))]
        ) { try $0.walletSession() }
    }
}

extension SQLRow {
    fileprivate mutating func walletSession() throws -> WalletSession {
        let opening = WalletSession.Opening(
            id: try id(),
            invoice: try id(),
            option: try id(),
            wallet: try text(),
            bridge: try text(),
            sealedSecret: try blob(),
            link: try text(),
            createdAt: try moment(),
            expiresAt: try moment()
        )
        return WalletSession(
            opening,
            state: try code(),
            peer: try optionalText(),
            account: try optionalText(),
            reason: try optionalText(),
            lastEvent: try optionalText()
        )
    }
}
