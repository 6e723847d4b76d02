package import Payments
package import Seams

/// The history of one account of a rail, from the last moment up to which it is the one that was recorded.
///
/// What is undone is what was recorded of this account and is not in its history: never what other accounts have, whose
/// histories are not read again. Payments, movements and what was set aside alike are looked for by their natural keys, so
/// that what is still there stays as it is.
package struct RevisedAccount: Hashable, Sendable {
    /// How the natural keys of everything begin that the account's history tells.
    package let account: NaturalKey
    /// From when on the history is given.
    package let since: Timestamp
    /// How the natural keys begin of what the history has from then on.
    package let standing: Set<NaturalKey>
    /// The transfers of ours whose end may have been read from what is not in the history.
    package let doubt: Doubt

    /// What is asked for again of transfers that have ended since.
    package enum Doubt: Hashable, Sendable {
        /// Nothing: no transfer is concluded by what the account's history tells.
        case none
        /// Those that failed: they may have left all the same.
        case failed
        /// Also those that were completed. Whoever hides one that has left, and is believed, has it paid once more.
        case all
    }

    /// The history of one account.
    package init(account: NaturalKey, since: Timestamp, standing: Set<NaturalKey>, doubt: Doubt) {
        self.account = account
        self.since = since
        self.standing = standing
        self.doubt = doubt
    }

    /// Whether something that was recorded from the moment on is the account's and not in its history.
    package func hasLost(_ key: NaturalKey) -> Bool {
        guard key.begins(with: account) else { return false }
        return !key.beginnings.contains(where: standing.contains)
    }
}
