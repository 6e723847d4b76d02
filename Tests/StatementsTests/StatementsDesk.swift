import Money
import Seams
import Statements

/// What the tests of statements are about: two currencies, lines and rows in few words.
enum StatementsDesk {
    static let euro = fiat("EUR")
    static let dollar = fiat("USD")
    static let rouble = fiat("RUB")

    static func registry() throws -> AssetRegistry { try AssetRegistry([euro, dollar, rouble]) }

    private static func fiat(_ code: String) -> Asset {
        let id = (try? AssetID.fiat(code)) ?? .usDollars
        return Asset(id: id, code: code, name: code, scale: 2, displayNames: [Asset.DisplayName(ticker: code)])
    }

    /// A moment some seconds after the first of November 2026.
    static func moment(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_793_491_200 + seconds) }

    static func line(
        _ key: String,
        _ units: Int64,
        _ references: [String: String] = [:],
        kind: StatementLine.Kind = .payment,
        asset: Asset = euro,
        at seconds: Int64 = 0
    ) -> StatementLine {
        StatementLine(
            key: key,
            kind: kind,
            occurredAt: moment(seconds),
            amount: Amount(asset: asset.id, units: Int256(units)),
            references: references
        )
    }

    static func row(
        _ id: String,
        _ units: Int64,
        _ references: [String: String] = [:],
        kind: StatementLine.Kind = .payment,
        at seconds: Int64 = 0,
        due: Int64 = 259_200
    ) -> ExpectedRow {
        ExpectedRow(
            id: id,
            kind: kind,
            occurredAt: moment(seconds),
            dueAt: moment(seconds + due),
            amount: Amount(asset: euro.id, units: Int256(units)),
            references: references
        )
    }

    static let byCharge = MatchingRule(
        name: "payment_by_charge",
        priority: 10,
        keys: ["charge"],
        kinds: [.payment],
        unique: true,
        toleranceUnits: 2,
        daysBefore: 1,
        daysAfter: 3
    )
    static let refunds = MatchingRule(
        name: "refund_by_charge",
        priority: 20,
        keys: ["charge"],
        kinds: [.refund],
        daysBefore: 1,
        daysAfter: 3
    )
    static let deposits = MatchingRule(
        name: "deposit_by_payout",
        priority: 30,
        shape: .oneToMany,
        keys: ["payout"],
        kinds: [.topUp],
        daysBefore: 7,
        daysAfter: 7
    )
    static let byAmount = MatchingRule(name: "same_amount_and_day", priority: 90, keys: [], daysBefore: 1, daysAfter: 1)

    static func matcher(_ rules: [MatchingRule] = [byCharge, refunds, deposits]) throws -> Matcher {
        try Matcher(rules: rules, assets: registry())
    }
}
