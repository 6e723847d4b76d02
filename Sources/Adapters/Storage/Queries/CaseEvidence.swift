import BigInt
package import Ledger
package import Money
import Payments
import Seams
import StrictJSON

/// What is known of a movement as it is kept: JSON, with amounts in smallest units.
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
        else { throw .corrupt("what is kept of a movement cannot be read") }
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

/// Cases of versions that kept nothing of their movement.
extension SQLSession {
    /// A case with what is known of its movement, also when nothing is kept beside it.
    func withEvidence(_ found: ExceptionCase) throws -> ExceptionCase {
        guard found.evidence == nil, found.amount != nil, let key = found.movement else { return found }
        var found = found
        found.evidence = try evidence(of: key)
        return found
    }

    /// What is stored of a booked movement elsewhere: who observed it, when it happened, and what left by a wallet's key.
    private func evidence(of key: NaturalKey) throws -> MovementEvidence? {
        let booked = try first(
            """
            SELECT o.provider, o.note, l.occurred_at FROM ledger_transactions l JOIN observations o ON o.key = l.subject
            WHERE l.subject = $1 AND l.kind = 'movement' ORDER BY l.sequence DESC LIMIT 1
            """,
            [.text(key.text)]
        ) { (provider: try $0.text(), reason: try $0.text(), moment: try $0.moment()) }
        guard let booked else { return nil }
        let spends = try spends(of: key)
        return MovementEvidence(
            provider: booked.provider,
            place: spends.first.map { RailPlace(network: nil, account: $0.wallet, transaction: $0.evidence) },
            reason: booked.reason,
            receivers: spends.compactMap(\.payment).map { .init(destination: $0.destination, amount: $0.amount) },
            occurredAt: booked.moment
        )
    }
}

/// What a person has looked at, and where it lies since.
extension SQLSession {
    /// What was booked for movements whose cases were dismissed and lies on suspense: dismissing moves nothing.
    package func dismissedOnSuspense() throws -> [(account: AccountID, sum: AmountSum)] {
        let postings = try all(
            """
            SELECT DISTINCT l.sequence, p.account, p.asset, p.units FROM cases c
            JOIN ledger_transactions l ON l.subject = c.movement AND l.kind = 'movement'
            JOIN postings p ON p.sequence = l.sequence
            WHERE c.outcome = 'dismissed' AND p.account LIKE 'suspense/%'
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions r WHERE r.reverses = l.id) ORDER BY l.sequence
            """,
            []
        ) { row in
            try row.skip()
            return (account: try row.text(), sum: try row.sum())
        }
        var sums: [String: [AssetID: BigInt]] = [:]
        for posting in postings {
            sums[posting.account, default: [:]][posting.sum.asset, default: 0] += posting.sum.units
        }
        return sums.sorted { $0.key < $1.key }.flatMap { account, assets in
            let account = AccountID(text: account)
            return assets.sorted { $0.key < $1.key }.map { (account, AmountSum(of: $0.key, units: $0.value)) }
        }
    }
}
