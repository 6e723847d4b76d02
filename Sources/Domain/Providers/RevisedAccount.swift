package import Payments
package import Seams

/// The history of one account of a rail, from the last moment at which it is the recorded one.
///
/// Records of this account that are not in its history are undone: payments, movements and set-aside data, by their natural
/// keys. Records of other accounts stay, because their histories are not read again.
package struct RevisedAccount: Hashable, Sendable {
    /// The beginning of all natural keys of the account.
    package let account: NaturalKey
    /// The moment from which the history is given.
    package let since: Timestamp
    /// The beginnings of the natural keys in the history since that moment.
    package let standing: Set<NaturalKey>
    /// Which of our transfers may have been concluded from chain transactions that are not in the history.
    package let doubt: Doubt

    /// Which transfers that ended since are followed again.
    package enum Doubt: Hashable, Sendable {
        /// None: this account's history concludes no transfer.
        case none
        /// The failed ones: they may have left all the same.
        case failed
        /// The completed ones too. A liar who hides one that has left, and is believed, has it paid twice.
        case all
    }

    /// The history of one account.
    package init(account: NaturalKey, since: Timestamp, standing: Set<NaturalKey>, doubt: Doubt) {
        self.account = account
        self.since = since
        self.standing = standing
        self.doubt = doubt
    }

    /// Whether a record since the moment belongs to the account and is not in its history.
    package func hasLost(_ key: NaturalKey) -> Bool {
        guard key.begins(with: account) else { return false }
        return !key.beginnings.contains(where: standing.contains)
    }
}
