package import Cryptography
import Foundation
package import Seams
import StrictJSON

/// The signing keys of wallets and of the gateway, in one encrypted file.
///
/// The file is JSON: the parameters of scrypt, and one AES-256-GCM box with all entries. The unencrypted parts are
/// authenticated, so that any changed byte is found. The passphrase and plain keys are never in the file or in errors.
package struct Keystore: Sendable {
    /// The kind of an entry.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A seed of Ed25519, 32 bytes.
        case ed25519
        /// A private key of secp256k1, 32 bytes.
        case secp256k1
        /// Anything else: a token, a passphrase of another service, a sealing key.
        case secret
    }

    /// An entry without its secret.
    package struct Label: Hashable, Sendable {
        /// Its name.
        package let name: String
        /// Its kind.
        package let kind: Kind
        /// When it was added.
        package let createdAt: Timestamp
    }

    private struct Entry: Sendable {
        let label: Label
        let secret: SecretBytes
    }

    /// The cost of trying a passphrase (RFC 7914).
    package struct Cost: Hashable, Sendable {
        /// The cost of scrypt, a power of two.
        package let n: Int
        /// The usual cost: 128 megabytes and a fraction of a second.
        package static let standard = Self(n: 1 << 17)
        /// The lowest cost that is accepted from a file; for tests.
        package static let minimum = Self(n: 1 << 10)

        /// A cost.
        package init(n: Int) { self.n = n }
    }

    private static let members = ["version", "kdf", "n", "salt", "cipher", "box"]
    private static let blockSize = 8
    private static let parallelisation = 1
    /// The most entries.
    private static let maximumEntries = 1_000
    /// The most bytes of one secret.
    private static let maximumSecretBytes = 4_096

    private let path: String
    private var passphrase: SecretBytes
    private let cost: Cost
    private var entries: [Entry]
    private let random: any RandomSource

    // MARK: - Opening

    /// Makes a keystore that does not exist yet.
    ///
    /// - Throws: ``KeystoreError``.
    package static func create(
        at path: String,
        passphrase: SecretBytes,
        cost: Cost = .standard,
        random: any RandomSource
    ) throws(KeystoreError) -> Self {
        guard passphrase.count >= 8 else { throw KeystoreError(.invalid, "a passphrase has at least 8 bytes") }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw KeystoreError(.exists, "\(path) exists already; nothing was changed")
        }
        let store = Self(path: path, passphrase: passphrase, cost: cost, entries: [], random: random)
        try store.save()
        return store
    }

    /// Opens a keystore.
    ///
    /// - Throws: ``KeystoreError``; with the code `wrongPassphrase` also when a byte of the file was changed, because
    ///   the two cannot be told apart.
    package init(path: String, passphrase: SecretBytes, random: any RandomSource) throws(KeystoreError) {
        let bytes = try KeystoreFile.read(path)
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch { throw KeystoreError(.malformed, error.description) }
        let names = value.members?.map(\.key)
        guard names == Self.members, value["version"]?.integerValue == 1, value["kdf"]?.stringValue == "scrypt",
            value["cipher"]?.stringValue == "aes-256-gcm", let n = value["n"]?.integerValue,
            let salt = value["salt"]?.stringValue.flatMap({
                try? Base64.decode($0, alphabet: .standard, padding: .required)
            }),
            let box = value["box"]?.stringValue.flatMap({
                try? Base64.decode($0, alphabet: .standard, padding: .required)
            })
        else { throw KeystoreError(.malformed, "\(path) is not a keystore") }
        let cost = Cost(n: Int(clamping: n))
        let isAcceptable = KeyDerivation.isAcceptableScrypt(n: cost.n, r: Self.blockSize, p: Self.parallelisation)
        guard isAcceptable, cost.n >= Cost.minimum.n else {
            throw KeystoreError(.malformed, "the cost of the keystore is out of range")
        }
        let key = try Self.key(passphrase, salt: salt, cost: cost)
        let plain: SecretBytes
        do {
            let sealed = try AES256GCM.SealedBox(combined: box)
            plain = try AES256GCM.open(sealed, key: key, authenticating: Self.header(salt: salt, cost: cost))
        } catch { throw KeystoreError(.wrongPassphrase, "the passphrase is wrong, or the file was changed") }
        self.init(path: path, passphrase: passphrase, cost: cost, entries: try Self.parse(plain), random: random)
    }

    private init(path: String, passphrase: SecretBytes, cost: Cost, entries: [Entry], random: any RandomSource) {
        self.path = path
        passphrase.hideFromPeers()
        self.passphrase = passphrase
        self.cost = cost
        self.entries = entries
        self.random = random
    }

    // MARK: - Entries

    /// The entries without their secrets, in the order of names.
    package var labels: [Label] { entries.map(\.label).sorted { $0.name < $1.name } }

    /// The secret of an entry.
    ///
    /// - Throws: ``KeystoreError`` with the code `notFound`.
    package func secret(_ name: String) throws(KeystoreError) -> SecretBytes {
        guard let entry = entries.first(where: { $0.label.name == name }) else {
            throw KeystoreError(.notFound, "the keystore has no entry '\(name)'")
        }
        return entry.secret
    }

    /// Adds a secret and saves.
    ///
    /// - Throws: ``KeystoreError``; an entry is never replaced.
    package mutating func add(
        _ name: String,
        kind: Kind,
        secret: SecretBytes,
        at moment: Timestamp
    ) throws(KeystoreError) {
        let isName =
            (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
        guard isName else { throw KeystoreError(.invalid, "names are 1 to 64 lower-case letters, digits and hyphens") }
        guard !entries.contains(where: { $0.label.name == name }) else {
            throw KeystoreError(.exists, "there is an entry '\(name)' already; remove it first")
        }
        guard entries.count < Self.maximumEntries else { throw KeystoreError(.invalid, "the keystore is full") }
        guard (1...Self.maximumSecretBytes).contains(secret.count), kind == .secret || secret.count == 32 else {
            throw KeystoreError(.invalid, "keys have 32 bytes, secrets 1 to \(Self.maximumSecretBytes)")
        }
        entries.append(Entry(label: Label(name: name, kind: kind, createdAt: moment), secret: secret))
        try save()
    }

    /// Generates a secret, adds it and saves.
    ///
    /// A generated secret is 32 random bytes in hex.
    ///
    /// - Throws: ``KeystoreError``.
    package mutating func generate(_ name: String, kind: Kind, at moment: Timestamp) throws(KeystoreError) {
        let bytes = random.bytes(32)
        let secret = kind == .secret ? Array(Hex.encode(bytes).utf8) : bytes
        try add(name, kind: kind, secret: SecretBytes(secret), at: moment)
    }

    /// Removes an entry and saves.
    ///
    /// - Throws: ``KeystoreError``.
    package mutating func remove(_ name: String) throws(KeystoreError) {
        guard let index = entries.firstIndex(where: { $0.label.name == name }) else {
            throw KeystoreError(.notFound, "the keystore has no entry '\(name)'")
        }
        entries.remove(at: index)
        try save()
    }

    /// Encrypts under another passphrase and saves.
    ///
    /// - Throws: ``KeystoreError``.
    package mutating func change(passphrase: SecretBytes) throws(KeystoreError) {
        guard passphrase.count >= 8 else { throw KeystoreError(.invalid, "a passphrase has at least 8 bytes") }
        self.passphrase = passphrase
        try save()
    }

    // MARK: - The file

    private static func key(_ passphrase: SecretBytes, salt: [UInt8], cost: Cost) throws(KeystoreError) -> SecretBytes {
        do {
            return try KeyDerivation.scrypt(
                password: passphrase,
                salt: salt,
                n: cost.n,
                r: blockSize,
                p: parallelisation,
                length: AES256GCM.keyLength
            )
        } catch { throw KeystoreError(.malformed, error.description) }
    }

    private static func header(salt: [UInt8], cost: Cost) -> [UInt8] {
        Array("settlegate-keystore 1 scrypt \(cost.n) \(blockSize) \(parallelisation) \(Hex.encode(salt))".utf8)
    }

    private func save() throws(KeystoreError) {
        let salt = random.bytes(16)
        let box: AES256GCM.SealedBox
        do {
            box = try AES256GCM.seal(
                plain,
                key: Self.key(passphrase, salt: salt, cost: cost),
                nonce: random.bytes(AES256GCM.nonceLength),
                authenticating: Self.header(salt: salt, cost: cost)
            )
        } catch { throw KeystoreError(.unwritable, "\(error)") }
        let value: JSONValue = [
            "version": .integer(1),
            "kdf": "scrypt",
            "n": .integer(Int64(cost.n)),
            "salt": .string(Base64.encode(salt)),
            "cipher": "aes-256-gcm",
            "box": .string(Base64.encode(box.combined)),
        ]
        try KeystoreFile.replace(path, with: value.bytes + [0x0A])
    }

    private var plain: SecretBytes {
        let list = entries.map { entry -> JSONValue in
            unsafe [
                "name": .string(entry.label.name), "kind": .string(entry.label.kind.rawValue),
                "created_at": .integer(entry.label.createdAt.microseconds),
                "secret": .string(entry.secret.withUnsafeBytes { unsafe Base64.encode(Array($0)) }),
            ]
        }
        return SecretBytes(JSONValue.array(list).bytes)
    }

    private static func parse(_ plain: SecretBytes) throws(KeystoreError) -> [Entry] {
        guard
            let list = try? unsafe JSONValue(
                parsing: plain.withUnsafeBytes { unsafe Array($0) },
                limits: JSONLimits(maximumBytes: 8 << 20)
            ).arrayValue
        else { throw KeystoreError(.malformed, "the content of the keystore cannot be read") }
        var entries: [Entry] = []
        for value in list {
            guard let name = value["name"]?.stringValue,
                let kind = value["kind"]?.stringValue.flatMap({ Kind(rawValue: $0) }),
                let createdAt = value["created_at"]?.integerValue,
                let secret = value["secret"]?.stringValue.flatMap({
                    try? Base64.decode($0, alphabet: .standard, padding: .required)
                })
            else { throw KeystoreError(.malformed, "an entry of the keystore cannot be read") }
            let label = Label(name: name, kind: kind, createdAt: Timestamp(microseconds: createdAt))
            let entry = Entry(label: label, secret: SecretBytes(secret))
            entry.secret.hideFromPeers()
            entries.append(entry)
        }
        return entries
    }
}
