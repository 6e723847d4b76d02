package import Payments

/// Sells pictures and videos in chats.
package protocol MediaSelling: Sendable {
    /// Puts paid media into their chat.
    func send(_ media: PaidMedia) async -> MediaOutcome
}

/// What became of paid media that were to be put into their chat.
package enum MediaOutcome: Sendable {
    /// They are there, in the message with this number.
    case sent(message: Int64)
    /// They are not there.
    case notSent(ProviderError)
    /// Nobody knows whether they are there: no usable answer came.
    case unknown(ProviderError)
}
