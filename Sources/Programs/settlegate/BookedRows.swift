import CommandParts
import Foundation
import Money
import Seams
import Statements
import StrictJSON

/// What the gateway has booked for a merchant, as rows that a provider's statement should have.
struct BookedRows {
    let assets: AssetRegistry
    let dueDays: Int

    private static let pageRows = 100
    private static let kinds: [String: StatementLine.Kind] = [
        "payment": .payment, "refund": .refund, "refund_reversed": .refundReversed, "payment_reversed": .chargeback,
    ]

    /// All payments and refunds that pass the filters, page by page.
    func all(of client: MerchantClient, _ filters: [(name: String, value: String)]) async throws -> [ExpectedRow] {
        let query = filters.map { "&\($0.name)=\(Self.escaped($0.value))" }.joined()
        var (rows, after) = ([ExpectedRow](), "")
        while true {
            let page = try await client.get("/v1/balance_transactions?limit=\(Self.pageRows)\(query)\(after)")
            let data = page["data"]?.arrayValue ?? []
            rows += try data.compactMap(row)
            guard page["has_more"]?.boolValue == true, let last = data.last?["id"]?.stringValue else { return rows }
            after = "&starting_after=\(last)"
        }
    }

    /// A row; nil for what no provider's statement has.
    private func row(_ object: JSONValue) throws -> ExpectedRow? {
        guard let type = object["type"]?.stringValue, let kind = Self.kinds[type] else { return nil }
        guard let id = object["id"]?.stringValue, let moment = object["occurred_at"]?.stringValue,
            let occurredAt = Timestamp(rfc3339: moment), let gross = object["gross"]?.stringValue,
            let name = object["asset"]?.stringValue, let asset = assets.asset(try AssetID(name))
        else { throw StatementError(.malformed, "the gateway told of a row that cannot be read: \(object.text)") }
        return ExpectedRow(
            id: id,
            kind: kind,
            occurredAt: occurredAt,
            dueAt: occurredAt.advanced(by: .seconds(Int64(dueDays) * 86_400)),
            amount: try asset.amount(gross, allowingNegative: true),
            references: Self.references(object["evidence"]?.stringValue)
        )
    }

    /// The provider's charge of a payment by a provider token; nothing else has one.
    private static func references(_ evidence: String?) -> [String: String] {
        guard let evidence, let told = try? JSONValue(parsing: Array(evidence.utf8)),
            let charge = told["provider_payment_charge_id"]?.stringValue, !charge.isEmpty
        else { return [:] }
        return ["charge": charge]
    }

    /// A value for a query: everything but letters and digits as its bytes.
    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
