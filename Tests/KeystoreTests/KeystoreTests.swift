import Cryptography
import Foundation
import Keystore
import Seams
import Testing

@Suite("A keystore")
final class KeystoreTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/keystore-\(UUID().uuidString)"
    private let passphrase = SecretBytes(Array("correct horse".utf8))
    private var path: String { folder + "/keystore.json" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func made() throws -> Keystore {
        var store = try Keystore.create(at: path, passphrase: passphrase, cost: .minimum, random: SeededRandom(seed: 1))
        try store.generate("ton-hot", kind: .ed25519, at: Timestamp(seconds: 5))
        try store.add("token", kind: .secret, secret: SecretBytes(Array("42:secret".utf8)), at: Timestamp(seconds: 6))
        return store
    }

    @Test("keeps its entries when it is opened again")
    func roundTrip() throws {
        let store = try made()
        let again = try Keystore(path: path, passphrase: passphrase, random: SeededRandom(seed: 2))
        #expect(again.labels == store.labels)
        #expect(again.labels.map(\.name) == ["token", "ton-hot"])
        #expect(try again.secret("ton-hot") == store.secret("ton-hot"))
        #expect(try again.secret("token") == SecretBytes(Array("42:secret".utf8)))
    }

    @Test("opens with its passphrase only")
    func wrongPassphrase() throws {
        _ = try made()
        #expect(throws: KeystoreError(.wrongPassphrase, "")) {
            try Keystore(path: path, passphrase: SecretBytes(Array("wrong horse".utf8)), random: SeededRandom(seed: 2))
        }
    }

    @Test("does not open with a changed byte")
    func tampering() throws {
        _ = try made()
        let original = try #require(FileManager.default.contents(atPath: path))
        let random = SeededRandom(seed: 3)
        for _ in 0..<60 {
            var bytes = Array(original)
            let index = Int(random.next() % UInt64(bytes.count - 1))
            bytes[index] ^= UInt8(1 + random.next() % 127)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(throws: KeystoreError.self, "byte \(index)") {
                try Keystore(path: path, passphrase: passphrase, random: SeededRandom(seed: 2))
            }
        }
    }

    @Test("is readable by its owner only")
    func permissions() throws {
        _ = try made()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: KeystoreError(.readableByOthers, "")) {
            try Keystore(path: path, passphrase: passphrase, random: SeededRandom(seed: 2))
        }
    }

    @Test("replaces no entry and no file")
    func replacesNothing() throws {
        var store = try made()
        #expect(throws: KeystoreError(.exists, "")) {
            try Keystore.create(at: path, passphrase: passphrase, cost: .minimum, random: SeededRandom(seed: 1))
        }
        #expect(throws: KeystoreError(.exists, "")) {
            try store.generate("token", kind: .secret, at: Timestamp(seconds: 7))
        }
        #expect(throws: KeystoreError(.notFound, "")) { try store.remove("nothing") }
        for name in ["", "Upper", "a b", "ä", String(repeating: "a", count: 65)] {
            #expect(throws: KeystoreError(.invalid, "")) {
                try store.generate(name, kind: .secret, at: Timestamp(seconds: 7))
            }
        }
    }

    @Test("shows no secret in its file, its text or its errors")
    func silence() throws {
        let store = try made()
        let file = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        #expect(!file.contains("42:secret") && !file.contains("correct horse"))
        #expect(!"\(store)".contains("42:secret"))
    }
}
