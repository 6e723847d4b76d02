public import Payments

/// Sells pictures and videos in chats.
public protocol MediaSelling: Sendable {
    /// Puts paid media into their chat.
    ///
    /// - Throws: ``ProviderError``; with the code `unavailable` it is unknown whether they are there.
    /// - Returns: the number of the message.
    func send(_ media: PaidMedia) async throws(ProviderError) -> Int64
}
