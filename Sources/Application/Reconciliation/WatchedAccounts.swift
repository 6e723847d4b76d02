import Providers
import Seams
import Storage

/// The accounts of a provider that are looked at in one pass.
struct WatchedAccounts: Sendable {
    /// An account that has news, up to a tip, or that has to be asked for by itself.
    struct News: Hashable, Sendable {
        let account: ScanAccount
        let tip: AccountTip?
    }

    /// What has to be stored of an account that has not moved.
    struct Quiet: Hashable, Sendable {
        let account: PlacedAccount
        /// Whether somebody waits for how far its scan is complete.
        let isAwaited: Bool
        /// When it is looked at again; nil when in the next pass.
        let due: Due?
    }

    /// When an account is looked at again that is not looked at in every pass.
    enum Due: Hashable, Sendable {
        case at(Timestamp)
        case onRequest
    }

    /// The accounts that are always scanned.
    private(set) var standing: [PlacedAccount] = []
    /// The accounts of single options, the newest first.
    private let single: [WatchedAccount]

    /// Accounts that are always scanned, and those of single options that are looked at now.
    init(standing: [PlacedAccount] = [], single: [WatchedAccount] = []) {
        self.standing = standing
        let own = Set(standing.map(\.account))
        self.single = single.filter { !own.contains($0.scanned) }
    }

    /// Every account with its position.
    var placed: [PlacedAccount] { standing + single.map(\.placed) }

    /// The accounts whose news are wanted at once: the standing ones, and those of open invoices, the newest first.
    var urgent: [ScanAccount] { standing.map(\.account) + single.filter(\.isOpen).map(\.scanned) }

    /// The accounts to read after a look: the standing ones first, then by turns the newest and the oldest of those that are
    /// left, so that a new invoice does not wait for many old ones, and an old one is not passed over for ever.
    func withNews(in look: AccountLook) -> [News] {
        var rest = single.map(\.scanned)[...]
        var ordered = standing.map(\.account)
        while let first = rest.popFirst() {
            ordered.append(first)
            if let last = rest.popLast() { ordered.append(last) }
        }
        return ordered.compactMap { account in
            switch look.sights[account] {
            case .moved(let tip): News(account: account, tip: tip)
            case .unclear: News(account: account, tip: nil)
            case .unmoved, nil: nil
            }
        }
    }

    /// The standing accounts that have not moved.
    func standingUnmoved(in look: AccountLook) -> [PlacedAccount] {
        standing.filter { look.sights[$0.account] == .unmoved }
    }

    /// What has to be stored of the accounts of options that have not moved; nothing of most of them.
    func quiet(in look: AccountLook, grace: Duration) -> [Quiet] {
        single.compactMap { account in
            guard look.sights[account.scanned] == .unmoved else { return nil }
            let due: Due? =
                switch WatchSchedule.rest(of: account, seenAt: look.asOf, grace: grace) {
                case Duration.zero: nil
                case let rest?: .at(look.asOf.advanced(by: rest))
                case nil: .onRequest
                }
            let isAwaited = account.hasProblem || WatchSchedule.isAwaited(account, until: look.asOf, grace: grace)
            guard isAwaited || due != nil else { return nil }
            return Quiet(account: account.placed, isAwaited: isAwaited, due: due)
        }
    }
}

extension WatchedAccount {
    fileprivate var scanned: ScanAccount { ScanAccount(account: account, subject: subject) }

    fileprivate var placed: PlacedAccount { PlacedAccount(account: scanned, position: position) }
}
