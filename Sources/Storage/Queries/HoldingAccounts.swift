public import Payments

/// Accounts of single options that may hold money, which has to be gathered.
extension SQLSession {
    /// Remembers that an account has got money.
    public func insertHoldingAccount(provider: String, account: String, option: PaymentOptionID) throws {
        try execute(
            """
            INSERT INTO holding_accounts (provider, account, option) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
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
            SELECT account, option FROM holding_accounts WHERE provider = $1 AND account > $2
            ORDER BY account LIMIT $3
            """,
            [.text(provider), .text(account), .integer(Int64(limit))]
        ) { (account: try $0.text(), option: try $0.id()) }
    }

    /// Forgets an account whose money was gathered.
    public func removeHoldingAccount(provider: String, account: String) throws {
        try execute(
            "DELETE FROM holding_accounts WHERE provider = $1 AND account = $2",
            [.text(provider), .text(account)]
        )
    }
}
