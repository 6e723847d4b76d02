import Seams

extension SQLSession {
    /// The longest pause that anything makes before it is tried again.
    ///
    /// What is put off by more was stored by a machine whose clock was wrong, and is due now.
    static var longestPause: Duration { .seconds(3 * 86_400) }
}
