extension Schema {
    /// The tables that belong to no merchant: only units of work in the operator's book, or in every book, change them.
    package static let sharedTables: Set<String> = [
        "books", "gateway_mode", "storage_proofs", "restores", "leases", "asset_scales", "codes", "merchants", "bots",
        "provider_accounts", "provider_places", "scan_cursors", "account_balances", "untraced_changes", "inbox",
        "wallets", "wallet_numbers", "wallet_spends", "wallet_reviews",
    ]

    /// The tables that say to whom something from outside belongs: units of work of every book add rows to them, each a row
    /// that no other would add.
    package static let directories: Set<String> = [
        "accounts", "assets", "payment_references", "scan_accounts", "watched_accounts", "holding_accounts",
        "observations", "set_aside",
    ]

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
