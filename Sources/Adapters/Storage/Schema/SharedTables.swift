extension Schema {
    /// Whose the rows of a table are.
    ///
    /// Each table is of one class, and a test holds it.
    package enum TableClass: Hashable, Sendable {
        /// A merchant's: each row lies in a book, which comes first in every key.
        case merchants
        /// Nobody's: small, and read much more often than written.
        case shared
        /// Says to whom something from outside belongs.
        case directory
    }

    /// The tables that belong to no merchant: only units of work in the operator's book, or in every book, change them.
    package static let sharedTables: Set<String> = [
        "books", "gateway_mode", "storage_proofs", "restores", "leases", "asset_scales", "codes", "merchants", "bots",
        "provider_accounts", "provider_places", "scan_cursors", "account_balances", "untraced_changes", "inbox",
        "wallets", "wallet_numbers", "wallet_spends",
    ]

    /// The tables that say to whom something from outside belongs: units of work of every book add rows to them, each a row
    /// that no other would add.
    ///
    /// What has to be unique over all books is unique here: a reference at a provider, the natural key of an observation,
    /// the lane of a wallet.
    package static let directories: Set<String> = [
        "accounts", "assets", "api_keys", "payment_references", "scan_accounts", "holding_accounts", "observations",
        "set_aside", "lanes",
    ]

    /// The tables of merchants.
    package static let merchantTables: Set<String> = [
        "ledger_transactions", "postings", "balances", "idempotency_keys", "payment_links", "sold_links",
        "subscriptions",
        "paid_media", "invoices", "payment_options", "past_quotes", "link_visits", "approvals", "payments", "sightings",
        "personal_data", "outgoing", "own_transfers", "own_movements", "cases", "wallet_reviews", "wallet_sessions",
        "customer_notices",
        "watched_accounts", "events", "webhook_endpoints", "endpoint_positions", "event_retries", "delivery_attempts",
        "owner_notices", "payout_policies", "payout_limits", "payout_destinations", "payout_approvals",
    ]

    /// Whose the rows of a table are; nil for a table that is not known.
    package static func tableClass(of table: String) -> TableClass? {
        if merchantTables.contains(table) { return .merchants }
        if sharedTables.contains(table) { return .shared }
        return directories.contains(table) ? .directory : nil
    }

    /// Every table, in the order in which they are made.
    package static var tables: [String] {
        migrations.flatMap(\.statements).compactMap { statement in
            let words = statement.split(maxSplits: 3, omittingEmptySubsequences: true) { " \n(".contains($0) }
            guard words.count > 2, words[0] == "CREATE", words[1] == "TABLE" else { return nil }
            return String(words[2])
        }
    }

    /// The shared table that a statement changes; nil when it changes none.
    package static func sharedTable(changedBy sql: String) -> String? {
        changedTable(of: sql).flatMap { sharedTables.contains($0) ? $0 : nil }
    }

    /// The table that a statement changes; nil when it changes none.
    package static func changedTable(of sql: String) -> String? {
        let words = sql.split(maxSplits: 3, omittingEmptySubsequences: true) { " \n(".contains($0) }.prefix(3)
        switch words.first {
        case "INSERT", "DELETE": return words.count == 3 ? String(words[2]) : nil
        case "UPDATE": return words.count > 1 ? String(words[1]) : nil
        default: return nil
        }
    }
}
