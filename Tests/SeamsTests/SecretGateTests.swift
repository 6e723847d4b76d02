import Seams
import Testing

@Suite("What peers say")
struct SecretGateTests {
    private static let secrets = [
        "5000000001:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "a passphrase, with / and \" and ü",
        "https://node.example.com/v3/0f3c9a7be2d14e6fa8b1c2d3e4f50617?x=1",
    ]

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    private static func base64(_ bytes: [UInt8]) -> String {
        var (text, bits, count) = ("", 0, 0)
        for byte in bytes {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 6 {
                count -= 6
                text.append(base64[bits >> count & 63])
            }
        }
        if count > 0 { text.append(base64[bits << (6 - count) & 63]) }
        return text
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    /// The ways in which a peer repeats what it was asked with.
    private static let forms: [(name: String, write: @Sendable ([UInt8]) -> [UInt8])] = [
        ("as it is", { $0 }),
        ("hexadecimal", { Array($0.map(hex).joined().utf8) }),
        ("upper-case hexadecimal", { Array($0.map(hex).joined().uppercased().utf8) }),
        ("base64", { Array(base64($0).utf8) }),
        ("base64 for URLs", { Array(base64($0).replacing("+", with: "-").replacing("/", with: "_").utf8) }),
        ("JSON escapes", { Array($0.map { $0 < 0x80 ? "\\u00" + hex($0) : "?" }.joined().utf8) }),
    ]

    @Test("lose every secret in every form, wherever it stands, and nothing else", arguments: forms.map(\.name))
    func writtenForms(name: String) throws {
        let write = try #require(Self.forms.first { $0.name == name }).write
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        for secret in Self.secrets where name != "JSON escapes" || secret.utf8.allSatisfy({ $0 < 0x80 }) {
            let form = write(Array(secret.utf8))
            for length in [0, 1, 7, 8, 100] {
                let around = [UInt8](repeating: UInt8(ascii: "."), count: length)
                let cut = gate.cut(around + form + around + form)
                // What base64's last character holds of a secret is less than a byte.
                #expect(!cut.contains(Array(form.dropLast(3))), "\(String(decoding: cut, as: UTF8.self))")
                #expect(String(decoding: cut, as: UTF8.self).contains("[redacted]"))
            }
        }
        let harmless = Array("Bad Request: CHARGE_ALREADY_REFUNDED \\u0041 5000000001".utf8)
        #expect(gate.cut(harmless) == harmless)
    }

    @Test("lose the part of a token or of a URL that is secret by itself")
    func parts() {
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        #expect(gate.cut("no bot AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw here") == "no bot [redacted] here")
        #expect(gate.cut("path /v3/0f3c9a7be2d14e6fa8b1c2d3e4f50617") == "path /v3/[redacted]")
    }

    @Test("keep what is a pattern and no secret, of which chains are full")
    func patterns() {
        let gate = SecretGate()
        [UInt8](repeating: 0, count: 32).withUnsafeBytes { gate.hold($0) }
        let padding = String(repeating: "0", count: 64)
        #expect(gate.cut(padding) == padding)
    }
}

extension [UInt8] {
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        guard !other.isEmpty, count >= other.count else { return false }
        return (0...(count - other.count)).contains { Array(self[$0..<($0 + other.count)]) == other }
    }
}
