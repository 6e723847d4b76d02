package import StrictJSON

/// A table that can be exported: its columns, with the version under which they are known.
///
/// The columns of a version never change, neither their names nor their order: whoever reads the file by machine relies on
/// them. Other columns are another version.
package struct ExportTable: Hashable, Sendable {
    /// What a column holds.
    package enum Content: Hashable, Sendable {
        /// Words, perhaps of strangers.
        case text
        /// A decimal number in major units.
        case amount
        /// A moment.
        case moment
        /// An integer.
        case integer
    }

    /// A column.
    package struct Column: Hashable, Sendable {
        /// Its name, which is the member's name in the interface.
        package let name: String
        /// What it holds.
        package let content: Content

        fileprivate init(_ name: String, _ content: Content = .text) {
            self.name = name
            self.content = content
        }
    }

    /// Its name on the command line.
    package let name: String
    /// The version of its columns.
    package let version: Int
    /// Where the interface lists its rows.
    package let path: String
    /// How the interface's parameters for the beginning and the end of a period begin; nil when it has none.
    package let moment: String?
    /// Its columns, in their order.
    package let columns: [Column]

    /// Every change of the merchant's balance.
    package static let balanceTransactions = Self(
        name: "balance-transactions",
        version: 1,
        path: "/v1/balance_transactions",
        moment: "posted",
        columns: [
            .init("id"), .init("type"), .init("ledger_kind"), .init("asset"), .init("gross", .amount),
            .init("fee", .amount), .init("net", .amount), .init("rail"), .init("provider"), .init("source"),
            .init("invoice"), .init("payment"), .init("evidence"), .init("reverses"), .init("occurred_at", .moment),
            .init("posted_at", .moment), .init("available_on", .moment), .init("period"), .init("sequence", .integer),
        ]
    )

    /// Every payment.
    package static let payments = Self(
        name: "payments",
        version: 1,
        path: "/v1/payments",
        moment: "occurred",
        columns: [
            .init("id"), .init("invoice"), .init("rail"), .init("provider"), .init("asset"), .init("amount", .amount),
            .init("gross", .amount), .init("fee", .amount), .init("net", .amount), .init("classification"),
            .init("state"), .init("payer"), .init("evidence"), .init("occurred_at", .moment),
            .init("recorded_at", .moment), .init("available_at", .moment),
        ]
    )

    /// Every refund.
    package static let refunds = outgoing("refunds", of: [.init("payment")])
    /// Every payout.
    package static let payouts = outgoing("payouts")

    private static func outgoing(_ name: String, of sources: [Column] = []) -> Self {
        Self(
            name: name,
            version: 1,
            path: "/v1/\(name)",
            moment: "created",
            columns: [.init("id")] + sources + [
                .init("provider"), .init("asset"), .init("amount", .amount),
                .init("destination"), .init("state"), .init("hash"), .init("reason"),
                .init("failure"), .init("created_at", .moment), .init("finished_at", .moment),
            ]
        )
    }

    /// The operator's accounts with what they hold: the trial balance.
    package static let accounts = Self(
        name: "accounts",
        version: 1,
        path: "/v1/accounts",
        moment: nil,
        columns: [
            .init("account"), .init("title"), .init("kind"), .init("book", .integer), .init("asset"),
            .init("balance", .amount),
        ]
    )

    /// Every table.
    package static let all = [balanceTransactions, payments, refunds, payouts, accounts]

    /// The row of an object of the interface, in the order of the columns; nil for what the object does not have.
    package func row(of object: JSONValue) -> [String?] {
        columns.map { column in
            let value = object[column.name] ?? .null
            return value.stringValue ?? value.integerValue.map { String($0) }
        }
    }

    /// The object with the table's columns only, as a line of JSON.
    package func line(of object: JSONValue) -> String {
        JSONValue.object(columns.map { .init($0.name, object[$0.name] ?? .null) }).text + "\n"
    }
}
