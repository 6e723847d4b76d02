import Seams
import Storage

/// How often accounts of options are looked at: in every pass while their invoices are open, and then in steps ever more
/// seldom, so that a payment that comes late is still found.
enum WatchSchedule {
    /// For how long after its end an invoice is looked at like an open one.
    static let close = Duration.seconds(600)
    /// While an invoice is monitored.
    static let often = Duration.seconds(900)
    /// In the week after that.
    static let rarely = Duration.seconds(6 * 3_600)
    static let week = Duration.seconds(7 * 86_400)
    /// Until the end of the watch.
    static let daily = Duration.seconds(86_400)
    static let end = Duration.seconds(90 * 86_400)

    /// How long an account rests after it was seen at a moment: not at all while its invoice is open, and nil when it is
    /// looked at only on request.
    static func rest(of account: WatchedAccount, seenAt moment: Timestamp, grace: Duration) -> Duration? {
        if moment.since(account.closesAt) <= max(close, grace) { return .zero }
        switch moment.since(account.activeUntil) {
        case ...Duration.zero: return often
        case ...week: return rarely
        case ...end: return daily
        default: return nil
        }
    }

    /// Whether the decision on the end of the account's invoice waits for a scan that is complete up to a moment.
    static func isAwaited(_ account: WatchedAccount, until moment: Timestamp, grace: Duration) -> Bool {
        let end = account.closesAt.advanced(by: grace)
        return moment > end && !((account.completeUntil ?? Timestamp(microseconds: 0)) > end)
    }
}
