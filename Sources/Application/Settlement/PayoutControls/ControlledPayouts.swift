import Money
import Payments
import Records
import Seams
import Storage

/// How a merchant's own rules decide about its payouts.
extension Settlement {
    /// How long payouts count towards a daily limit.
    static let limitWindow = Duration.seconds(86_400)

    /// Refuses a destination that the merchant's policy does not allow.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/destinationRefused``, and what the database throws.
    func requireListed(
        _ account: String,
        _ comment: String?,
        for asset: AssetID,
        of merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard try session.payoutPolicy(of: merchant, at: now).listedDestinationsOnly else { return }
        let listed = try session.payoutDestinations(at: account, of: merchant)
        let reason: String
        switch PayoutDestination.verdict(of: listed, on: account, comment, in: asset, at: now) {
        case .allowed: return
        case .notBefore(let moment): reason = "the destination is listed, and can be paid from \(moment) on"
        case .notListed where listed.contains { $0.asset == asset }:
            reason = "the destination is listed with another comment"
        case .notListed: reason = "the destination is not listed; list it with POST /v1/payout_destinations"
        }
        throw SettlementError(.destinationRefused, reason, parameter: "destination")
    }

    /// Whether a merchant's limit has a payout wait for the approval of another key.
    func needsOtherKey(
        _ amount: Amount,
        of merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> Bool {
        let policy = try session.payoutPolicy(of: merchant, at: now)
        guard policy.dailyLimits[amount.asset] != nil else { return false }
        let start = now.advanced(by: .zero - Self.limitWindow)
        let paid = try session.unapprovedPayouts(of: merchant, asset: amount.asset, since: start)
        return policy.needsOtherKey(for: amount, after: try Amount.sum(paid, asset: amount.asset).units)
    }

    /// Has a key approve a payout, where the merchant's policy needs another one than the one that requested it.
    ///
    /// A key that was made within the delay of the policy does not count: whoever has stolen a key can make others.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/refusedByPolicy``, and what the database throws.
    func noteApproval(
        of payout: PayoutID,
        by key: APIKeyID?,
        for merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        guard var approval = try session.payoutApproval(payout) else { return }
        guard let key, let record = try session.apiKey(key), record.merchant == merchant else {
            throw SettlementError(.refusedByPolicy, "this payout is approved with an API key of the merchant")
        }
        guard key != approval.requestedBy else {
            let reason = "this payout exceeds the daily limit: another key than the one that requested it approves it"
            throw SettlementError(.refusedByPolicy, reason)
        }
        let delay = try session.payoutPolicy(of: merchant, at: now).delay
        let counts = record.createdAt.advanced(by: delay)
        guard delay == .zero || counts <= now else {
            throw SettlementError(.refusedByPolicy, "this key is new, and can approve such payouts from \(counts) on")
        }
        approval.approvedBy = key
        try session.store(approval, of: merchant)
    }
}
