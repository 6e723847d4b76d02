import BigInt
package import Ledger
package import Money
import Payments
import Records
import Seams
import StrictJSON

/// The evidence of a movement as it is stored: JSON, with amounts in smallest units.
enum EvidenceText {
    static func write(_ evidence: MovementEvidence) -> String {
        let value: JSONValue = [
            "provider": .string(evidence.provider),
            "place": evidence.place.map(write) ?? .null,
            "reason": .string(evidence.reason),
            "receivers": .array(evidence.receivers.map(write)),
            "occurred_at": .integer(evidence.occurredAt.microseconds),
        ]
        return value.text
    }

    private static func write(_ place: RailPlace) -> JSONValue {
        [
            "network": .optional(place.network), "account": .optional(place.account),
            "transaction": .optional(place.transaction), "block": .optional(place.block),
        ]
    }

    private static func write(_ receiver: MovementEvidence.Receiver) -> JSONValue {
        [
            "destination": .string(receiver.destination), "asset": .string(receiver.amount.asset.text),
            "units": .string("\(receiver.amount.units)"),
        ]
    }

    static func read(_ text: String) throws(StorageError) -> MovementEvidence {
        guard let value = try? JSONValue(parsing: Array(text.utf8)), let provider = value["provider"]?.stringValue,
            let reason = value["reason"]?.stringValue, let receivers = value["receivers"]?.arrayValue,
            let moment = value["occurred_at"]?.integerValue
        else { throw .corrupt("the evidence of a movement cannot be read") }
        let place = value["place"].flatMap { $0.isNull ? nil : $0 }
        return MovementEvidence(
            provider: provider,
            place: place.map { place in
                RailPlace(
                    network: place["network"]?.stringValue,
                    account: place["account"]?.stringValue,
                    transaction: place["transaction"]?.stringValue,
                    block: place["block"]?.stringValue
                )
            },
            reason: reason,
            receivers: try receivers.map(receiver),
            occurredAt: Timestamp(microseconds: moment)
        )
    }

    private static func receiver(_ value: JSONValue) throws(StorageError) -> MovementEvidence.Receiver {
        guard let destination = value["destination"]?.stringValue,
            let asset = value["asset"]?.stringValue.flatMap({ try? AssetID($0) }),
            let units = value["units"]?.stringValue.flatMap({ try? Int256(decimal: $0.utf8) })
        else { throw .corrupt("a receiver of a movement cannot be read") }
        return .init(destination: destination, amount: Amount(asset: asset, units: units))
    }
}

/// Dismissed cases, and the money that they were about.
extension SQLSession {
    /// The sums on suspense of movements whose cases were dismissed: dismissing moves no money.
    package func dismissedOnSuspense() throws -> [(account: AccountID, sum: AmountSum)] {
        let postings = try all(
            """
            SELECT DISTINCT l.book, l.sequence, a.scope, s.code, p.units FROM cases c
            JOIN ledger_transactions l ON l.book = \(LedgerBook.operators.number) AND l.movement = c.movement AND l.kind = \(LedgerTransaction.Kind.movement.code)
            JOIN postings p ON p.book = l.book AND p.sequence = l.sequence JOIN accounts a ON a.number = p.account AND a.code = 'suspense'
            JOIN assets s ON s.number = p.asset WHERE c.outcome = \(ExceptionCase.Resolution.Outcome.dismissed.code)
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions r WHERE r.book = l.book AND r.reverses = l.id)
            ORDER BY l.book, l.sequence
            """,
            []
        ) { row in
            try row.skip()
            try row.skip()
            return (scope: try row.text(), amount: try row.amount())
        }
        var sums: [String: [AssetID: BigInt]] = [:]
        for posting in postings {
            sums[posting.scope, default: [:]][posting.amount.asset, default: 0] += BigInt(posting.amount.units)
        }
        return sums.sorted { $0.key < $1.key }.flatMap { scope, assets in
            let account = AccountID(code: AccountCode("suspense"), scope: scope)
            return assets.sorted { $0.key < $1.key }.map { (account, AmountSum(of: $0.key, units: $0.value)) }
        }
    }
}
