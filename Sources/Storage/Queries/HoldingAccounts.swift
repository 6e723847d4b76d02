public import Payments
public import Seams

/// Accounts of single options that may hold money, which has to be gathered.
extension SQLSession {
    /// Remembers that an account has got money.
    public func insertHoldingAccount(provider: String, account: String, option: PaymentOptionID) throws {
        try execute(
            """
            INSERT INTO holding_accounts (provider, account, option, is_empty) VALUES ($1, $2, $3, 0)
            ON CONFLICT (provider, account) DO UPDATE SET is_empty = 0
            """,
            [.text(provider), .text(account), .id(option)]
        )
    }

    /// Accounts that may hold money, from after one of them on in the order of their texts.
    public func holdingAccounts(
        provider: String,
        after account: String,
        limit: Int
    ) throws -> [(account: String, option: PaymentOptionID)] {
        try all(
            """
            SELECT account, option FROM holding_accounts WHERE provider = $1 AND account > $2 AND is_empty = 0
            ORDER BY account LIMIT $3
            """,
            [.text(provider), .text(account), .integer(Int64(limit))]
        ) { (account: try $0.text(), option: try $0.id()) }
    }

    /// Accounts of options that can still be paid and of which nothing was recorded, from after one of them on.
    public func silentAccounts(
        provider: String,
        activeAt moment: Timestamp,
        after account: String,
        limit: Int
    ) throws -> [StoredScanAccount] {
        try all(
            """
            SELECT a.account, a.subject FROM scan_accounts a WHERE a.provider = $1 AND a.active_until >= $2
            AND a.account > $3 AND NOT EXISTS (SELECT 1 FROM holding_accounts h
            WHERE h.provider = a.provider AND h.account = a.account) ORDER BY a.account LIMIT $4
            """,
            [.text(provider), .moment(moment), .text(account), .integer(Int64(limit))]
        ) { StoredScanAccount(account: try $0.text(), subject: try $0.text()) }
    }

    /// Remembers that an account's money was gathered; that it once had some is never forgotten.
    public func emptyHoldingAccount(provider: String, account: String) throws {
        try execute(
            "UPDATE holding_accounts SET is_empty = 1 WHERE provider = $1 AND account = $2",
            [.text(provider), .text(account)]
        )
    }
}
