package import Cryptography
package import Seams
package import StrictJSON

/// The data that a Mini App passes about its user (`Telegram.WebApp.initData`), with its checks.
package struct InitData: Hashable, Sendable {
    /// Telegram's keys that sign for third parties.
    package enum ThirdPartyKey {
        /// The production environment's key.
        package static let production = "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
        /// The test environment's key.
        package static let test = "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec"
    }

    /// The most bytes and fields that are read: several times as many as Telegram sends.
    private static let limits = (bytes: 8_192, fields: 64)

    /// Why initData is refused.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// A sentence for a developer.
        package let reason: String
        /// A sentence for a developer.
        package var description: String { reason }
    }

    /// The fields, decoded, ordered by the bytes of their names.
    package let fields: [(key: String, value: String)]
    /// The text that is signed with the bot's own token.
    private let signedByToken: [UInt8]

    /// Reads initData in the form of a Mini App: a query string.
    ///
    /// - Throws: ``Refusal`` when it is not a query string, or a field occurs twice.
    package init(parsing text: String) throws(Refusal) {
        guard text.utf8.count <= Self.limits.bytes else { throw Refusal(reason: "initData is too long") }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "&") }) < Self.limits.fields else {
            throw Refusal(reason: "initData has too many fields")
        }
        var fields: [(key: String, value: String)] = []
        for pair in text.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let key = Self.decode(parts[0]), let value = Self.decode(parts[1]), !key.isEmpty
            else { throw Refusal(reason: "initData is not a query string") }
            fields.append((key, value))
        }
        // Bytes are compared, not characters: two encodings of one letter are two keys.
        fields.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        guard zip(fields, fields.dropFirst()).allSatisfy({ !$0.key.utf8.elementsEqual($1.key.utf8) }) else {
            throw Refusal(reason: "a field occurs twice")
        }
        self.fields = fields
        signedByToken = Self.checkString(of: fields, without: ["hash"])
    }

    /// Percent-decoding with `+` as a space, once.
    private static func decode(_ bytes: some Collection<UInt8>) -> String? {
        var output: [UInt8] = []
        var iterator = bytes.makeIterator()
        func digit(_ byte: UInt8?) -> UInt8? {
            switch byte {
            case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
            case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x37
            case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x57
            default: nil
            }
        }
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = digit(iterator.next()), let low = digit(iterator.next()) else { return nil }
                output.append(high << 4 | low)
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    /// The value of a field.
    package func value(_ key: String) -> String? {
        fields.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The user, as JSON.
    package var user: JSONValue? { value("user").flatMap { try? JSONValue(parsing: Array($0.utf8)) } }

    /// Checks it with the bot's own token (HMAC).
    ///
    /// - Throws: ``Refusal``.
    package func check(botToken: SecretBytes, now: Timestamp, maximumAge: Duration) throws(Refusal) {
        guard let stated = value("hash"), let hash = try? Hex.decode(stated), hash.count == 32 else {
            throw Refusal(reason: "'hash' is missing or not a digest")
        }
        let secret = SecretBytes(HMAC.sha256(key: Array("WebAppData".utf8), message: botToken))
        let expected = HMAC.sha256(key: secret, message: signedByToken)
        guard constantTimeEquals(expected, hash) else { throw Refusal(reason: "the hash is wrong") }
        try checkAge(now, maximumAge)
    }

    /// Checks it without the bot's token, by Telegram's signature for third parties (Ed25519).
    ///
    /// - Throws: ``Refusal``.
    package func check(
        botID: Int64,
        publicKey: Ed25519.PublicKey,
        now: Timestamp,
        maximumAge: Duration
    ) throws(Refusal) {
        guard let stated = value("signature"),
            let signature = try? Base64.decode(stated, alphabet: .urlSafe, padding: .optional)
        else { throw Refusal(reason: "'signature' is missing or not base64url") }
        let message =
            Array("\(botID):WebAppData\n".utf8) + Self.checkString(of: fields, without: ["hash", "signature"])
        guard publicKey.isValid(signature: signature, for: message) else {
            throw Refusal(reason: "the signature is wrong")
        }
        try checkAge(now, maximumAge)
    }

    private static func checkString(of fields: [(key: String, value: String)], without names: [String]) -> [UInt8] {
        var text: [UInt8] = []
        for field in fields where !names.contains(field.key) {
            if !text.isEmpty { text.append(0x0A) }
            text += field.key.utf8
            text.append(UInt8(ascii: "="))
            text += field.value.utf8
        }
        return text
    }

    private func checkAge(_ now: Timestamp, _ maximumAge: Duration) throws(Refusal) {
        guard let text = value("auth_date"), let seconds = Int64(text), seconds > 0 else {
            throw Refusal(reason: "'auth_date' is missing or not a time")
        }
        let age = now.since(Timestamp(seconds: seconds))
        guard age <= maximumAge else { throw Refusal(reason: "it is too old") }
        guard age >= .seconds(-60) else { throw Refusal(reason: "'auth_date' is in the future") }
    }

    /// Whether both have the same fields.
    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.fields.elementsEqual(rhs.fields) { $0.key == $1.key && $0.value == $1.value }
    }

    /// Hashes the fields.
    package func hash(into hasher: inout Hasher) {
        for field in fields {
            hasher.combine(field.key)
            hasher.combine(field.value)
        }
    }
}
