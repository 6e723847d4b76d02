import Cryptography
package import Seams
package import StrictJSON

/// A merchant's balance transactions as a journal of plain-text accounting, for beancount or hledger.
///
/// It begins with what the balances were and ends with what they are, so that the reader's own checks prove that no row is
/// missing and none is wrong.
package struct JournalText: Sendable {
    /// The program that reads the journal.
    package enum Dialect: String, Hashable, Sendable, CaseIterable {
        case beancount
        case hledger
    }

    private let dialect: Dialect
    private let style: ExportStyle
    /// The commodities that have been named.
    private var named: Set<String> = []

    /// A journal of a dialect.
    package init(_ dialect: Dialect, _ style: ExportStyle = ExportStyle()) {
        self.dialect = dialect
        self.style = style
    }

    private static let balance = "Assets:Settlegate"
    private static let fees = "Expenses:Gateway-Fees"
    private static let opening = "Equity:Opening-Balances"
    /// The account on the other side of each type of balance transaction.
    private static let others = [
        "payment": "Income:Payments", "payment_reversed": "Income:Payments", "refund": "Expenses:Refunds",
        "refund_reversed": "Expenses:Refunds", "payout": "Assets:Paid-Out", "payout_reversed": "Assets:Paid-Out",
        "correction": "Equity:Corrections",
    ]

    /// The accounts, and the balances before the first row.
    package mutating func beginning(_ balances: [JSONValue], at start: Timestamp) -> String {
        var text = ""
        if dialect == .beancount {
            let accounts = Set(Self.others.values).union([Self.balance, Self.fees, Self.opening]).sorted()
            text = accounts.map { "1970-01-01 open \($0)\n" }.joined() + "\n"
        }
        for balance in balances {
            guard let asset = balance["asset"]?.stringValue, let amount = balance["amount"]?.stringValue else {
                continue
            }
            text += name(asset)
            let postings = [(Self.balance, amount), (Self.opening, Self.negated(amount))]
            text += entry(on: style.date(of: start), "Opening balance", of: [], asset, postings)
        }
        return text
    }

    /// The entry of a balance transaction; nil when the object is none.
    package mutating func entry(of object: JSONValue) -> String? {
        func text(_ name: String) -> String? { object[name]?.stringValue }
        guard let asset = text("asset"), let type = text("type"), let net = text("net"), let fee = text("fee"),
            let gross = text("gross"), let posted = text("posted_at").flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        var postings = [(Self.balance, net)]
        if fee != "0" { postings.append((Self.fees, fee)) }
        postings.append((Self.others[type] ?? "Equity:Corrections", Self.negated(gross)))
        let facts = ["id", "source", "invoice", "payment", "evidence", "occurred_at"].compactMap { name in
            text(name).map { (name.replacing("_", with: "-"), $0) }
        }
        return name(asset) + entry(on: style.date(of: posted), type, of: facts, asset, postings)
    }

    /// The balances after the last row, which the reader compares with its own.
    ///
    /// - Parameters:
    ///   - balances: the balances.
    ///   - end: the first moment that is not in the journal.
    /// - Returns: the end of the journal.
    package mutating func end(_ balances: [JSONValue], at end: Timestamp) -> String {
        var text = ""
        for balance in balances {
            guard let asset = balance["asset"]?.stringValue, let amount = balance["amount"]?.stringValue else {
                continue
            }
            text += name(asset)
            // Beancount compares at the beginning of a day, and hledger after all postings of one.
            let last = style.date(of: end.advanced(by: .microseconds(-1)))
            let (account, held) = (Self.balance, "\(amount) \(symbol(asset))")
            text +=
                dialect == .beancount
                ? "\(style.date(of: end)) balance \(account)  \(held)\n"
                : "\(last) Closing balance\n    \(account)  0 \(symbol(asset)) = \(held)\n\n"
        }
        return text
    }

    private func entry(
        on date: String,
        _ title: String,
        of facts: [(String, String)],
        _ asset: String,
        _ postings: [(String, String)]
    ) -> String {
        var text = dialect == .beancount ? "\(date) * \"\(title)\"\n" : "\(date) * \(title)\n"
        for (name, value) in facts {
            text +=
                dialect == .beancount
                ? "  \(name): \"\(Self.escaped(value))\"\n" : "    ; \(name): \(Self.plain(value))\n"
        }
        for (account, amount) in postings { text += "    \(account)  \(amount) \(symbol(asset))\n" }
        return text + "\n"
    }

    /// The directive that names a commodity, once for each.
    private mutating func name(_ asset: String) -> String {
        guard named.insert(asset).inserted else { return "" }
        switch dialect {
        case .beancount: return "1970-01-01 commodity \(symbol(asset))\n  asset: \"\(Self.escaped(asset))\"\n\n"
        case .hledger:
            return
                "; commodity \(symbol(asset)) is \(Self.plain(asset))\ncommodity 1000.000000000000000000 \(symbol(asset))\n\n"
        }
    }

    /// A commodity's name: that of the asset's parts where both programs can read it, and never that of another asset.
    private func symbol(_ asset: String) -> String {
        let symbol = CommodityName(of: asset).text
        return dialect == .beancount ? symbol : "\"\(symbol)\""
    }

    private static func negated(_ amount: String) -> String {
        if amount == "0" { return amount }
        return amount.hasPrefix("-") ? String(amount.dropFirst()) : "-" + amount
    }

    /// A text in a string of beancount.
    private static func escaped(_ text: String) -> String {
        plain(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    /// A text in one line: control characters and line separators become spaces.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isBreak = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    return isBreak || [0x2028, 0x2029].contains(scalar.value) ? " " : scalar
                }
            )
        )
    }
}

/// The name of an asset as a commodity of beancount: capital letters, digits, points and hyphens, at most 24.
struct CommodityName: Hashable {
    /// The name.
    let text: String

    /// The name of an asset: a currency's code alone; otherwise the beginnings of the identifier's first and last part, and
    /// a digest of all of it, because two chains may have assets of one name.
    init(of asset: String) {
        let parts = asset.split(separator: ":")
        if parts.count == 2, parts[0] == "fiat", parts[1].utf8.allSatisfy({ (0x41...0x5A).contains($0) }) {
            text = String(parts[1])
            return
        }
        let words = [parts.first, parts.last].map { Self.letters($0 ?? "X") }
        let digest = SHA256.hash(Array(asset.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        text = words.joined(separator: ".") + "." + String(digest, radix: 32, uppercase: true)
    }

    /// At most four capital letters and digits, the first a letter.
    private static func letters(_ part: Substring) -> String {
        let plain = part.uppercased().unicodeScalars.filter { scalar in
            (0x41...0x5A).contains(scalar.value) || (0x30...0x39).contains(scalar.value)
        }
        return String(String.UnicodeScalarView(plain.prefix(4)))
    }
}
