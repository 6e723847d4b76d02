import CSodium
package import Cryptography
package import Seams

/// The keys of one side of a session, and the sealing of its messages: NaCl's `crypto_box` by libsodium (TON Connect,
/// session protocol).
///
/// A sealed message is a nonce of 24 bytes and the box, in Base64.
package struct SessionKeys: Sendable {
    /// The length of secret and public keys, in bytes.
    package static let keyLength = 32
    private static let nonceLength = 24
    private static let tagLength = 16
    /// The most bytes of a message that is opened.
    private static let maximumLength = 1 << 18

    private let secret: SecretBytes
    private let publicKey: [UInt8]

    /// The side's name on the bridge: its public key, in hexadecimal digits.
    package var clientID: String { Hex.encode(publicKey) }

    /// New keys.
    ///
    /// - Throws: `CryptographyError`.
    package init(random: any RandomSource) throws(CryptographyError) {
        try self.init(secret: SecretBytes(random.bytes(Self.keyLength)))
    }

    /// The keys with a secret of 32 bytes.
    ///
    /// - Throws: `CryptographyError` with the code `invalidKey` when it has another length.
    package init(secret: SecretBytes) throws(CryptographyError) {
        guard sodium_init() >= 0 else { throw .libraryFailure("libsodium cannot be started") }
        var key = [UInt8](repeating: 0, count: Self.keyLength)
        let isKey = unsafe secret.withUnsafeBytes { bytes in
            guard bytes.count == Self.keyLength, let base = unsafe bytes.bindMemory(to: UInt8.self).baseAddress else {
                return false
            }
            return unsafe crypto_scalarmult_base(&key, base) == 0
        }
        guard isKey else { throw .invalidKey("a session's secret has 32 bytes") }
        secret.hideWhileHeld()
        self.secret = secret
        publicKey = key
    }

    /// Lends the secret, so that it can be stored sealed.
    package func withSecret<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        try unsafe secret.withUnsafeBytes { try unsafe body(Array($0)) }
    }

    /// Seals a message for the other side.
    ///
    /// - Parameters:
    ///   - message: the message.
    ///   - receiver: the other side's name on the bridge.
    ///   - random: the source of the nonce.
    /// - Throws: ``TONConnectError`` with the code `malformed` when the name is not a public key.
    /// - Returns: the sealed message, in Base64.
    package func seal(
        _ message: [UInt8],
        for receiver: String,
        random: any RandomSource
    ) throws(TONConnectError) -> String {
        let peer = try Self.key(receiver)
        let nonce = random.bytes(Self.nonceLength)
        var box = [UInt8](repeating: 0, count: message.count + Self.tagLength)
        let status = unsafe withKey { unsafe crypto_box_easy(&box, message, UInt64(message.count), nonce, peer, $0) }
        guard status == 0 else { throw TONConnectError(.malformed, "the other side's name is not a public key") }
        return Base64.encode(nonce + box)
    }

    /// Opens a message of the other side.
    ///
    /// - Throws: ``TONConnectError`` with the code `notAuthentic` when it was not sealed by `sender` for this side.
    package func open(_ text: String, from sender: String) throws(TONConnectError) -> [UInt8] {
        let peer = try Self.key(sender)
        guard text.utf8.count <= Self.maximumLength, let sealed = try? Base64.decode(text),
            sealed.count >= Self.nonceLength + Self.tagLength
        else { throw TONConnectError(.notAuthentic, "a message is not sealed as TON Connect does") }
        let (nonce, box) = (Array(sealed.prefix(Self.nonceLength)), Array(sealed.dropFirst(Self.nonceLength)))
        var message = [UInt8](repeating: 0, count: box.count - Self.tagLength)
        let status = unsafe withKey { unsafe crypto_box_open_easy(&message, box, UInt64(box.count), nonce, peer, $0) }
        guard status == 0 else { throw TONConnectError(.notAuthentic, "a message was not sealed for this session") }
        return message
    }

    /// The result of a libsodium call with the secret; -1, its code for failure, when there is no secret.
    private func withKey(_ body: (UnsafePointer<UInt8>) -> Int32) -> Int32 {
        unsafe secret.withUnsafeBytes { unsafe $0.bindMemory(to: UInt8.self).baseAddress.map(body) ?? -1 }
    }

    private static func key(_ name: String) throws(TONConnectError) -> [UInt8] {
        guard let key = try? Hex.decode(name), key.count == keyLength else {
            throw TONConnectError(.malformed, "a side's name is a public key of 32 bytes in hexadecimal digits")
        }
        return key
    }
}
