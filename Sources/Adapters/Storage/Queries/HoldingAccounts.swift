package import Payments

/// Accounts of single options that may hold money, which has to be gathered.
extension SQLSession {
    /// Stores that an account of a merchant's option has received money.
    package func insertHoldingAccount(
        provider: String,
        account: String,
        option: PaymentOptionID,
        of merchant: MerchantID
    ) throws {
        try execute(
            """
            INSERT INTO holding_accounts (provider, account, book, option, is_empty) VALUES ($1, $2, $4, $3, 0)
            ON CONFLICT (provider, account) DO UPDATE SET is_empty = 0
            """,
            [.text(provider), .text(account), .id(option), try place(of: merchant)]
        )
    }

    /// Accounts that may hold money, after a given account in the order of their texts.
    package func holdingAccounts(
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

    /// Stores that an account's money was gathered; the row stays, because it shows that the account once had some.
    package func emptyHoldingAccount(provider: String, account: String) throws {
        try execute(
            "UPDATE holding_accounts SET is_empty = 1 WHERE provider = $1 AND account = $2",
            [.text(provider), .text(account)]
        )
    }
}
