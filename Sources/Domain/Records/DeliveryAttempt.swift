package import Seams

/// One attempt to deliver an event; of the endpoint's answer, only the status is kept.
package struct DeliveryAttempt: Hashable, Sendable {
    /// Its number, from 1.
    package let number: Int
    /// When it began.
    package let startedAt: Timestamp
    /// How long it took.
    package let duration: Duration
    /// The status of the answer, if one came.
    package let status: Int?
    /// Why no answer came, if none did.
    package let failure: String?

    /// An attempt.
    package init(number: Int, startedAt: Timestamp, duration: Duration, status: Int?, failure: String?) {
        self.number = number
        self.startedAt = startedAt
        self.duration = duration
        self.status = status
        self.failure = failure
    }
}
