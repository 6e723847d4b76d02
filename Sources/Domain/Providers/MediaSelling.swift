package import Payments

/// Sells pictures and videos in chats.
package protocol MediaSelling: Sendable {
    /// Sends paid media to their chat.
    func send(_ media: PaidMedia) async -> MediaOutcome
}

/// The outcome of sending paid media to their chat.
package enum MediaOutcome: Sendable {
    /// They were sent, in the message with this number.
    case sent(message: Int64)
    /// They were not sent.
    case notSent(ProviderError)
    /// It is unknown whether they were sent: no usable answer came.
    case unknown(ProviderError)
}
