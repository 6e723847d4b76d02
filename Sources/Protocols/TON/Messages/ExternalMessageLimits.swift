/// The network's limits for a message from outside (configuration parameter 43, `size_limits_config`).
///
/// A node refuses a message beyond them before it looks at the account, so that the message can never take effect.
package enum ExternalMessageLimits {
    /// The most bytes of the message as a bag of cells (`max_ext_msg_size`).
    package static let maximumBytes = 65_535
    /// The greatest depth of the message; a node refuses 512 (`max_ext_msg_depth`).
    package static let maximumDepth = 511

    /// Checks a message.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge`` when a node would refuse it.
    static func check(_ message: Cell) throws(TONError) {
        guard message.depth <= maximumDepth else {
            throw TONError(.tooLarge, "a message from outside is at most \(maximumDepth) cells deep")
        }
        let count = try message.serialized().count
        guard count <= maximumBytes else {
            throw TONError(.tooLarge, "a message from outside has at most \(maximumBytes) bytes, and this one \(count)")
        }
    }
}

/// A wallet whose requests have a greatest size.
package protocol SizedWallet: Sendable {
    /// The most messages of one request, however small they are.
    var messageLimit: Int { get }

    /// The content of some request with these messages; all others of the same messages have its size.
    ///
    /// - Throws: ``TONError``; with ``TONError/Code/tooLarge`` when the network would refuse the signed request.
    func anyContent(_ messages: [WalletMessage]) throws(TONError) -> Cell
}

extension SizedWallet {
    /// The number of messages, from the first one on, that one request can carry: zero when not even the first one fits.
    ///
    /// - Throws: ``TONError`` when a message cannot be written at all.
    package func capacity(for messages: [WalletMessage]) throws(TONError) -> Int {
        func fits(_ count: Int) throws(TONError) -> Bool {
            do {
                _ = try anyContent(Array(messages.prefix(count)))
                return true
            } catch {
                guard error.code == .tooLarge else { throw error }
                return false
            }
        }
        let most = min(messages.count, messageLimit)
        guard most > 0, try !fits(most) else { return most }
        // A request grows with each message.
        var (taken, refused) = (0, most)
        while refused - taken > 1 {
            let middle = (taken + refused) / 2
            if try fits(middle) { taken = middle } else { refused = middle }
        }
        return taken
    }
}

extension Wallet: SizedWallet {
    /// The most messages of one request.
    package var messageLimit: Int { version.maximumMessages }

    /// The content of some request.
    ///
    /// - Throws: ``TONError``.
    package func anyContent(_ messages: [WalletMessage]) throws(TONError) -> Cell {
        try content(messages, seqno: 1, validUntil: 0)
    }
}

extension HighloadWallet: SizedWallet {
    /// The most messages of one request.
    package var messageLimit: Int { Self.maximumMessages }

    /// The content of some request.
    ///
    /// - Throws: ``TONError``.
    package func anyContent(_ messages: [WalletMessage]) throws(TONError) -> Cell {
        try content(messages, sequence: 1, createdAt: 0)
    }
}
