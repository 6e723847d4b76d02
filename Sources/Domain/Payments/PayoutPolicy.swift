package import Money
package import Seams

/// The rules for a merchant's payouts, so that one stolen API key cannot empty the balance.
///
/// Policies form a lattice: of any two there is one that allows exactly what both allow. A change that loosens the rules
/// counts only after their own delay, within which the merchant can revoke the key that made it.
package struct PayoutPolicy: Hashable, Sendable {
    /// The longest delay: thirty days.
    package static let longestDelay = Duration.seconds(30 * 86_400)

    /// Whether payouts go only to destinations that the merchant has listed.
    package var listedDestinationsOnly: Bool
    /// How long a new destination, a new key and a looser policy wait before they count.
    package var delay: Duration
    /// The most that may leave within 24 hours without the approval of another key; an asset without a limit has none.
    package var dailyLimits: [AssetID: Amount]

    /// A policy.
    package init(listedDestinationsOnly: Bool, delay: Duration, dailyLimits: [AssetID: Amount]) {
        self.listedDestinationsOnly = listedDestinationsOnly
        self.delay = delay
        self.dailyLimits = dailyLimits
    }

    /// The policy of a merchant who has made none: everything is allowed.
    package static let open = Self(listedDestinationsOnly: false, delay: .zero, dailyLimits: [:])

    /// The policy that allows only what this one and another allow.
    package func strictest(with other: Self) -> Self {
        Self(
            listedDestinationsOnly: listedDestinationsOnly || other.listedDestinationsOnly,
            delay: max(delay, other.delay),
            dailyLimits: dailyLimits.merging(other.dailyLimits) { $0.units < $1.units ? $0 : $1 }
        )
    }

    /// A policy and the moment from which it counts.
    package struct Step: Hashable, Sendable {
        /// The policy.
        package let policy: PayoutPolicy
        /// From when it counts.
        package let countsFrom: Timestamp

        /// A policy that counts from a moment on.
        package init(_ policy: PayoutPolicy, countsFrom: Timestamp) {
            self.policy = policy
            self.countsFrom = countsFrom
        }
    }

    /// The steps from this policy to another: what is stricter counts at once, and the rest after this policy's delay.
    ///
    /// The first step counts at once and replaces every change that still waits.
    package func steps(to new: Self, at now: Timestamp) -> [Step] {
        let first = Step(strictest(with: new), countsFrom: now)
        return first.policy == new ? [first] : [first, Step(new, countsFrom: now.advanced(by: delay))]
    }

    /// Whether a payout needs the approval of another key than the one that requests it.
    ///
    /// - Parameters:
    ///   - amount: the payout.
    ///   - units: the smallest units of the same asset that left within 24 hours without such an approval.
    /// - Returns: whether both together exceed the daily limit.
    package func needsOtherKey(for amount: Amount, after units: Int256) -> Bool {
        guard let limit = dailyLimits[amount.asset] else { return false }
        let (total, isTooLarge) = units.addingReportingOverflow(amount.units)
        return isTooLarge || total > limit.units
    }
}

/// Identifies a destination that a merchant has listed.
package typealias PayoutDestinationID = Identifier<PayoutDestinationKind>

/// A destination that a merchant has listed for payouts.
package enum PayoutDestinationKind: IdentifierKind {
    /// The prefix `dst`.
    package static let prefix = "dst"
}

/// A destination that a merchant has listed for payouts of one asset.
package struct PayoutDestination: Hashable, Sendable {
    /// The comments that payouts to a destination may carry.
    ///
    /// An exchange gives many customers one address and tells them apart by the comment, so that another comment is another
    /// receiver.
    package enum Comments: Hashable, Sendable {
        /// Exactly this one; nil: none.
        case only(String?)
        /// Every comment.
        case any
    }

    /// Its identifier.
    package let id: PayoutDestinationID
    /// Whose it is.
    package let merchant: MerchantID
    /// The asset that may be sent to it.
    package let asset: AssetID
    /// The address as the merchant wrote it.
    package let address: String
    /// The receiving account in the rail's one form, so that another spelling of the address is the same destination.
    package let account: String
    /// The comments that payouts may carry.
    package let comments: Comments
    /// What it is, in the merchant's words.
    package let label: String
    /// The key that listed it.
    package let listedBy: APIKeyID?
    /// When it was listed.
    package let createdAt: Timestamp
    /// From when on payouts may go to it.
    package let usableFrom: Timestamp

    /// A destination.
    package init(
        id: PayoutDestinationID,
        merchant: MerchantID,
        asset: AssetID,
        address: String,
        account: String,
        comments: Comments,
        label: String,
        listedBy: APIKeyID?,
        createdAt: Timestamp,
        usableFrom: Timestamp
    ) {
        self.id = id
        self.merchant = merchant
        self.asset = asset
        self.address = address
        self.account = account
        self.comments = comments
        self.label = label
        self.listedBy = listedBy
        self.createdAt = createdAt
        self.usableFrom = usableFrom
    }

    /// Whether a payout to this account may carry a comment.
    package func takes(_ comment: String?) -> Bool {
        switch comments {
        case .any: true
        // Compared as bytes: two spellings of a character are two comments to an exchange.
        case .only(let only): only.map { Array($0.utf8) } == comment.map { Array($0.utf8) }
        }
    }

    /// Whether payouts may go somewhere, as far as a list decides it.
    package enum Verdict: Hashable, Sendable {
        case allowed
        /// It is listed, and may be paid from a moment on.
        case notBefore(Timestamp)
        case notListed
    }

    /// The verdict of a list on a payout of an asset to an account.
    package static func verdict(
        of listed: [Self],
        on account: String,
        _ comment: String?,
        in asset: AssetID,
        at now: Timestamp
    ) -> Verdict {
        let moments = listed.filter { $0.asset == asset && $0.account == account && $0.takes(comment) }
            .map(\.usableFrom)
        guard let first = moments.min() else { return .notListed }
        return first <= now ? .allowed : .notBefore(first)
    }
}

/// Which keys requested and approved a payout that needed another key.
package struct PayoutApproval: Hashable, Sendable {
    /// The payout.
    package let payout: PayoutID
    /// The key that requested it; nil when no key did.
    package let requestedBy: APIKeyID?
    /// The key that approved it; nil while none has.
    package var approvedBy: APIKeyID?

    /// The keys of a payout.
    package init(payout: PayoutID, requestedBy: APIKeyID?, approvedBy: APIKeyID?) {
        self.payout = payout
        self.requestedBy = requestedBy
        self.approvedBy = approvedBy
    }
}
