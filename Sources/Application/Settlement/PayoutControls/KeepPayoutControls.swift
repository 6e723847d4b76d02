package import Money
package import Payments
import Providers
package import Records
import Seams
import Storage

/// A merchant's change of the rules for its payouts.
package struct PayoutPolicyChange: Sendable {
    let merchant: MerchantID
    let key: APIKeyID
    let policy: PayoutPolicy

    /// A change to `policy` by a key of a merchant.
    package init(to policy: PayoutPolicy, of merchant: MerchantID, by key: APIKeyID) {
        self.merchant = merchant
        self.key = key
        self.policy = policy
    }
}

/// The rules for a merchant's payouts, and the change that waits for its time.
package struct PayoutRules: Hashable, Sendable {
    /// The policy that counts.
    package let policy: PayoutPolicy
    /// The change that waits; nil when none does.
    package let waiting: PayoutPolicy.Step?
}

/// A merchant's wish to list a destination.
package struct DestinationRequest: Sendable {
    let merchant: MerchantID
    let key: APIKeyID
    let asset: AssetID
    let address: String
    let comments: PayoutDestination.Comments
    let label: String

    /// A wish to list an address for payouts of an asset.
    package init(
        _ address: String,
        for asset: AssetID,
        comments: PayoutDestination.Comments,
        label: String,
        of merchant: MerchantID,
        by key: APIKeyID
    ) {
        self.merchant = merchant
        self.key = key
        self.asset = asset
        self.address = address
        self.comments = comments
        self.label = label
    }
}

/// Changes of merchants' rules for payouts and of their listed destinations.
///
/// Every change is told by an event, so that a merchant learns of one that a stolen key has made while it still waits.
extension Settlement {
    /// The most destinations that a merchant lists.
    package static let destinationLimit = 1_000

    /// The rules for a merchant's payouts.
    ///
    /// - Throws: what the database throws.
    package func payoutRules(of merchant: MerchantID) async throws -> PayoutRules {
        let now = clock.now()
        return try await database.read { try Self.rules(of: merchant, at: now, in: $0) }
    }

    private static func rules(
        of merchant: MerchantID,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> PayoutRules {
        PayoutRules(
            policy: try session.payoutPolicy(of: merchant, at: now),
            waiting: try session.waitingPolicy(of: merchant, at: now)
        )
    }

    /// Changes the rules: what is stricter counts at once, and the rest after the delay of the rules that count now.
    ///
    /// A repeated change to rules that already wait does not begin their delay again.
    ///
    /// - Throws: ``SettlementError`` when the policy is out of bounds, and what the database throws.
    /// - Returns: the rules.
    package func changePayoutPolicy(_ change: PayoutPolicyChange) async throws -> PayoutRules {
        let (now, new, merchant) = (clock.now(), change.policy, change.merchant)
        guard (.zero...PayoutPolicy.longestDelay).contains(new.delay) else {
            throw SettlementError(.invalidRequest, "the delay is at most 720 hours", parameter: "delay_hours")
        }
        for limit in new.dailyLimits.values where limit.isNegative {
            throw SettlementError(.invalidRequest, "a limit is zero or more", parameter: "daily_limits")
        }
        return try await write(for: merchant) { session in
            let old = try Self.rules(of: merchant, at: now, in: session)
            guard (old.waiting?.policy ?? old.policy) != new else { return old }
            try session.insert(old.policy.steps(to: new, at: now), for: merchant, madeBy: change.key, at: now)
            let rules = try Self.rules(of: merchant, at: now, in: session)
            try announce(rules, of: merchant, at: now, in: session)
            return rules
        }
    }

    /// Lists a destination, which can be paid after the delay of the merchant's policy.
    ///
    /// A repeated call with the same identifier returns the existing destination.
    ///
    /// - Throws: ``SettlementError`` when money would be lost there, or the list is full.
    /// - Returns: the destination.
    package func list(_ request: DestinationRequest, as id: PayoutDestinationID) async throws -> PayoutDestination {
        let (now, merchant) = (clock.now(), request.merchant)
        let payer = try payer(of: request.asset)
        guard (1...200).contains(request.label.count) else {
            throw SettlementError(.invalidRequest, "a label has 1 to 200 characters", parameter: "label")
        }
        if case .only(let comment) = request.comments { try check(comment: comment, at: payer) }
        return try await write(for: merchant) { session in
            if let existing = try session.payoutDestination(id), existing.merchant == merchant { return existing }
            guard try session.countPayoutDestinations(of: merchant) < Self.destinationLimit else {
                throw SettlementError(.conflict, "a merchant lists at most \(Self.destinationLimit) destinations")
            }
            let account = try check(destination: request.address, for: request.asset, at: payer, in: session)
            let delay = try session.payoutPolicy(of: merchant, at: now).delay
            let destination = PayoutDestination(
                id: id,
                merchant: merchant,
                asset: request.asset,
                address: request.address,
                account: account,
                comments: request.comments,
                label: request.label,
                listedBy: request.key,
                createdAt: now,
                usableFrom: now.advanced(by: delay)
            )
            try session.insert(destination)
            try announce(destination, as: .added, at: now, in: session)
            return destination
        }
    }

    /// A page of a merchant's destinations, the newest first.
    ///
    /// - Throws: `UnknownCursor` when the cursor's object is not in the list, and what the database throws.
    package func payoutDestinations(of merchant: MerchantID, in page: Page) async throws -> [PayoutDestination] {
        try await database.read { try $0.payoutDestinations(of: merchant, in: page) }
    }

    /// A merchant's destination; nil when the merchant has no such destination.
    ///
    /// - Throws: what the database throws.
    package func payoutDestination(
        _ id: PayoutDestinationID,
        of merchant: MerchantID
    ) async throws -> PayoutDestination? {
        try await database.read { session in
            try session.payoutDestination(id).flatMap { $0.merchant == merchant ? $0 : nil }
        }
    }

    /// Takes a destination off the list; payouts to it that nobody has approved yet cannot be approved any more.
    ///
    /// - Throws: what the database throws.
    /// - Returns: whether the merchant had it.
    package func removeDestination(_ id: PayoutDestinationID, of merchant: MerchantID) async throws -> Bool {
        let now = clock.now()
        return try await write(for: merchant) { session in
            guard let found = try session.payoutDestination(id), found.merchant == merchant else { return false }
            try session.delete(found)
            try announce(found, as: .removed, at: now, in: session)
            return true
        }
    }

    /// Which keys requested and approved a payout; no approval when it needs no other key.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, and what the database throws.
    package func payoutApproval(_ payout: PayoutID, of merchant: MerchantID) async throws -> PayoutApproval? {
        try await database.read { session in
            guard let transfer = try session.outgoing(payout.text), transfer.merchant == merchant else {
                throw SettlementError(.notFound, "there is no payout \(payout)")
            }
            return try session.payoutApproval(payout)
        }
    }
}
