import Cryptography
package import Seams

/// A wallet's signed proof that it belongs to its user (TON Connect, `ton_proof`).
package struct TONProof: Hashable, Sendable {
    /// The wallet.
    package let address: TONAddress
    /// The domain that the wallet was shown.
    package let domain: String
    /// When it was signed.
    package let timestamp: Timestamp
    /// The payload that we asked it to sign, which is used once.
    package let payload: String
    /// The signature.
    package let signature: [UInt8]

    /// A proof from a wallet.
    package init(address: TONAddress, domain: String, timestamp: Timestamp, payload: String, signature: [UInt8]) {
        self.address = address
        self.domain = domain
        self.timestamp = timestamp
        self.payload = payload
        self.signature = signature
    }

    /// The signed digest: `SHA-256(0xFFFF ‖ "ton-connect" ‖ SHA-256(message))`.
    package var digest: [UInt8] {
        var message = Array("ton-proof-item-v2/".utf8)
        withUnsafeBytes(of: Int32(address.workchain).bigEndian) { message.append(contentsOf: $0) }
        message += address.hash.bytes
        withUnsafeBytes(of: UInt32(clamping: domain.utf8.count).littleEndian) { message.append(contentsOf: $0) }
        message += domain.utf8
        withUnsafeBytes(of: UInt64(clamping: timestamp.seconds).littleEndian) { message.append(contentsOf: $0) }
        message += payload.utf8
        return SHA256.hash([0xFF, 0xFF] + Array("ton-connect".utf8) + SHA256.hash(message))
    }

    /// The requirements of a proof.
    package struct Expectation: Sendable {
        /// Our own domain.
        package let domain: String
        /// The payload that we issued.
        package let payload: String
        /// The current moment.
        package let now: Timestamp
        /// How old a proof may be.
        package let maximumAge: Duration

        /// The requirements of a proof; the default age is fifteen minutes.
        package init(domain: String, payload: String, now: Timestamp, maximumAge: Duration = .seconds(900)) {
            self.domain = domain
            self.payload = payload
            self.now = now
            self.maximumAge = maximumAge
        }
    }

    /// Why the proof does not hold; nil when it does.
    ///
    /// - Parameters:
    ///   - expectation: the requirements.
    ///   - stateInit: the wallet's initial state, whose hash is the address and which holds the key.
    ///   - claimedKey: the key that the wallet claims: it has to be the state's, and is used alone when there is no
    ///     state.
    /// - Returns: a sentence, or nil.
    package func refusal(
        expecting expectation: Expectation,
        stateInit: StateInit?,
        claimedKey: [UInt8]?
    ) -> String? {
        guard domain.hasSameBytes(as: expectation.domain) else { return "the proof is for another domain" }
        guard constantTimeEquals(Array(payload.utf8), Array(expectation.payload.utf8)) else {
            return "the proof is for another payload"
        }
        let age = expectation.now.since(timestamp)
        guard age <= expectation.maximumAge, age >= .seconds(-60) else {
            return "the proof is too old, or from the future"
        }
        let bytes: [UInt8]
        if let stateInit {
            guard let derived = try? stateInit.address(workchain: address.workchain), derived == address else {
                return "the initial state is not that of the address"
            }
            guard let code = stateInit.code, let data = stateInit.data,
                let version = WalletVersion(codeHash: code.hash),
                let wallet = try? WalletData(parsing: data, version: version)
            else { return "the wallet's contract is not known" }
            bytes = wallet.publicKey
            if let claimedKey, claimedKey != bytes { return "the key is not the wallet's" }
        } else {
            guard let claimedKey else { return "neither an initial state nor a key was given" }
            bytes = claimedKey
        }
        guard let key = try? Ed25519.PublicKey(bytes) else { return "the key is not acceptable" }
        return key.isValid(signature: signature, for: digest) ? nil : "the signature is wrong"
    }
}
