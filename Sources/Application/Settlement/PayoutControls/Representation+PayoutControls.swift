import Money
package import Payments
import Seams
package import StrictJSON

/// Merchants' rules for payouts as JSON.
extension Representation {
    /// The rules for payouts, and the change that waits.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ rules: PayoutRules) throws -> JSONValue {
        let waiting = try rules.waiting.map { step -> JSONValue in
            .object(try members(of: step.policy) + [.init("counts_from", .string(step.countsFrom.description))])
        }
        return .object(
            [.init("object", "payout_policy"), .init("livemode", .bool(isLive))] + (try members(of: rules.policy))
                + [.init("waiting", waiting ?? .null)]
        )
    }

    private func members(of policy: PayoutPolicy) throws -> [JSONValue.Member] {
        let limits = try policy.dailyLimits.values.sorted { $0.asset.text < $1.asset.text }
            .map { JSONValue.Member($0.asset.text, try text($0)) }
        return [
            .init("listed_destinations_only", .bool(policy.listedDestinationsOnly)),
            .init("delay_hours", .integer(policy.delay.components.seconds / 3_600)),
            .init("daily_limits", .object(limits)),
        ]
    }

    /// A listed destination.
    ///
    /// - Returns: the object.
    package func json(_ destination: PayoutDestination) -> JSONValue {
        let (anyComment, comment): (Bool, String?) =
            switch destination.comments {
            case .any: (true, nil)
            case .only(let only): (false, only)
            }
        return [
            "id": .string(destination.id.text),
            "object": "payout_destination",
            "livemode": .bool(isLive),
            "asset": .string(destination.asset.text),
            "address": .string(destination.address),
            "any_comment": .bool(anyComment),
            "comment": .optional(comment),
            "label": .string(destination.label),
            "listed_by": .optional(destination.listedBy?.text),
            "created_at": .string(destination.createdAt.description),
            "usable_from": .string(destination.usableFrom.description),
        ]
    }

    /// The keys that requested and approved a payout; nil when it needs no other key.
    ///
    /// - Returns: the object.
    package func json(_ approval: PayoutApproval?, of payout: PayoutID) -> JSONValue {
        [
            "object": "payout_approval",
            "payout": .string(payout.text),
            "needs_other_key": .bool(approval != nil),
            "requested_by": .optional(approval?.requestedBy?.text),
            "approved_by": .optional(approval?.approvedBy?.text),
        ]
    }
}
