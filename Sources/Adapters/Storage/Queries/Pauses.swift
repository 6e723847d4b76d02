import Seams

extension SQLSession {
    /// The longest pause before anything is tried again.
    ///
    /// A later due time was stored by a machine whose clock was wrong, and counts as due now.
    static var longestPause: Duration { .seconds(3 * 86_400) }
}
