/// The name of a kind of account in the chart, for example `merchant_balance`.
package struct AccountCode: RawRepresentable, Hashable, Comparable, Sendable {
    /// The name, lower-case letters and underscores.
    package let rawValue: String

    /// The name of a kind of account.
    package init(_ rawValue: String) { self.rawValue = rawValue }
    /// The name of a kind of account.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Whether `lhs` comes first in the order of its bytes.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.rawValue.utf8.lexicographicallyPrecedes(rhs.rawValue.utf8)
    }
}

/// An account: a kind of account, and its owner or place.
package struct AccountID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The kind of account.
    package let code: AccountCode
    /// Its owner (a merchant) or place (a provider); nil for accounts of the gateway itself.
    package let scope: String?

    /// An account.
    package init(code: AccountCode, scope: String?) {
        self.code = code
        self.scope = scope
    }

    /// An account as it was stored.
    package init(text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        code = AccountCode(String(parts[0]))
        scope = parts.count == 2 ? String(parts[1]) : nil
    }

    /// The account's text, for example `merchant_balance/mer_…`.
    package var text: String { scope.map { "\(code.rawValue)/\($0)" } ?? code.rawValue }
    /// The account's text.
    package var description: String { text }

    /// Whether `lhs`'s text comes first in the order of its bytes.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }
}

/// An account of the chart.
package struct ChartAccount: Hashable, Sendable, Codable {
    /// The kind of account in the sense of double entry.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case asset
        case liability
        case income
        case expense
        case equity
    }

    /// For whom there are accounts of this kind.
    package enum Scope: String, Hashable, Sendable, Codable, CaseIterable {
        /// One for the whole gateway.
        case gateway
        /// One for each provider.
        case provider
        /// One for each merchant.
        case merchant
    }

    /// The name.
    package let code: String
    /// The name for people.
    package let title: String
    /// The kind of account.
    package let kind: Kind
    /// For whom there are accounts of this kind.
    package let scope: Scope
    /// The description of its postings.
    package let description: String

    /// An account of the chart.
    package init(code: String, title: String, kind: Kind, scope: Scope, description: String) {
        self.code = code
        self.title = title
        self.kind = kind
        self.scope = scope
        self.description = description
    }
}

/// The accounts that may be booked on, as `Config/chart-of-accounts.yaml` lists them.
package struct ChartOfAccounts: Sendable {
    /// The accounts, in the order of the chart.
    package let accounts: [ChartAccount]
    private let byCode: [AccountCode: ChartAccount]

    /// A chart of `accounts`.
    ///
    /// - Throws: ``LedgerError`` with ``LedgerError/Code/invalidChart`` when a name is listed twice or not canonical.
    package init(_ accounts: [ChartAccount]) throws(LedgerError) {
        var byCode: [AccountCode: ChartAccount] = [:]
        for account in accounts {
            let isCanonical = account.code.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
            }
            guard isCanonical, !account.code.isEmpty else {
                throw LedgerError(.invalidChart, "'\(account.code)' has to be lower-case letters and underscores")
            }
            guard byCode.updateValue(account, forKey: AccountCode(account.code)) == nil else {
                throw LedgerError(.invalidChart, "'\(account.code)' is listed twice")
            }
        }
        self.accounts = accounts
        self.byCode = byCode
    }

    /// Lets an account pass that the chart has.
    ///
    /// - Throws: ``LedgerError`` with ``LedgerError/Code/unknownAccount``.
    package func validate(_ account: AccountID) throws(LedgerError) {
        guard let known = byCode[account.code] else {
            throw LedgerError(.unknownAccount, "'\(account.code.rawValue)' is not in the chart of accounts")
        }
        guard (known.scope == .gateway) == (account.scope == nil) else {
            throw LedgerError(.unknownAccount, "'\(account)' has to be of one \(known.scope.rawValue)")
        }
    }

    /// The chart's account of a kind.
    package func account(_ code: AccountCode) -> ChartAccount? { byCode[code] }
}
