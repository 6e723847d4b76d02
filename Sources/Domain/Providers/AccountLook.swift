package import Seams

/// An account with the position up to which its history was read.
package struct PlacedAccount: Hashable, Sendable {
    /// The account.
    package let account: ScanAccount
    /// The position of the last page; nil at the very start.
    package let position: String?

    /// An account at a position.
    package init(account: ScanAccount, position: String?) {
        self.account = account
        self.position = position
    }
}

/// The end of an account's history, as it was seen at a head of the rail.
package struct AccountTip: Hashable, Sendable {
    /// The last thing that happened on the account, in the rail's own form.
    package let place: String
    /// The head's moment, by the rail's clock.
    package let asOf: Timestamp

    /// The end of a history.
    package init(place: String, asOf: Timestamp) {
        self.place = place
        self.asOf = asOf
    }
}

/// What was seen of many accounts at one head of the rail.
package struct AccountLook: Hashable, Sendable {
    /// What was seen of one account.
    package enum Sight: Hashable, Sendable {
        /// Nothing has happened since its position: its history is complete up to the head's moment.
        case unmoved
        /// Something has happened, up to this tip.
        case moved(AccountTip)
        /// The answer of the node says nothing of it that can be read: it has to be read by itself, so that it stops no
        /// other account.
        case unclear
    }

    /// The head's moment, by the rail's clock.
    package let asOf: Timestamp
    /// What was seen of each account; nothing is known of one that is missing, and it is looked at again.
    package let sights: [ScanAccount: Sight]

    /// What was seen at a head.
    package init(asOf: Timestamp, sights: [ScanAccount: Sight]) {
        self.asOf = asOf
        self.sights = sights
    }
}
