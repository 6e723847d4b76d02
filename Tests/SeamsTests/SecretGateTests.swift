import Seams
import Testing

@Suite("Texts of peers")
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

    /// The forms in which a peer may repeat a secret.
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
        for secret in Self.secrets {
            let form = write(Array(secret.utf8))
            for length in [0, 1, 7, 8, 100] {
                let around = [UInt8](repeating: UInt8(ascii: "."), count: length)
                let cut = gate.cut(around + form + around + form)
                // The last base64 character holds less than a byte of the secret.
                #expect(!cut.contains(Array(form.dropLast(3))), "\(String(decoding: cut, as: UTF8.self))")
                #expect(String(decoding: cut, as: UTF8.self).contains("[redacted]"))
            }
        }
        let harmless = Array("Bad Request: CHARGE_ALREADY_REFUNDED \\u0041 5000000001".utf8)
        #expect(gate.cut(harmless) == harmless)
    }

    @Test("lose the secret part of a token or URL also where it stands alone")
    func parts() {
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        #expect(gate.cut("no bot AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw here") == "no bot [redacted] here")
        #expect(gate.cut("path /v3/0f3c9a7be2d14e6fa8b1c2d3e4f50617") == "path /v3/[redacted]")
    }

    @Test(
        "lose a secret that two pieces of a stream share, wherever it is divided, and arrive whole otherwise",
        // JSON escapes are cut in whole answers only.
        arguments: forms.map(\.name).filter { $0 != "JSON escapes" }
    )
    func dividedStream(name: String) throws {
        let write = try #require(Self.forms.first { $0.name == name }).write
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        let (before, after) = (Array("data: {\"a\":\"".utf8), Array("\"}\n\n".utf8))
        for secret in Self.secrets where name != "JSON escapes" || secret.utf8.allSatisfy({ $0 < 0x80 }) {
            let form = write(Array(secret.utf8))
            let all = before + form + after
            // The first form is divided at every place, the others at some, and all into pieces of one size.
            let step = secret == Self.secrets.first ? 5 : 23
            var divisions = stride(from: 0, through: all.count, by: step).map {
                [Array(all[..<$0]), Array(all[$0...])]
            }
            for size in [7, 8, 40] {
                divisions.append(
                    stride(from: 0, to: all.count, by: size).map { Array(all[$0..<min($0 + size, all.count)]) }
                )
            }
            // At most seven characters in a row may pass before the secret is recognised.
            let window = 8
            let windows = Set((0..<(form.count - window - 4)).map { Array(form[$0..<($0 + window)]) })
            for pieces in divisions {
                var stream = SecretStream(through: gate)
                let text = pieces.flatMap { stream.cut($0) } + stream.end()
                let shown = (0..<max(0, text.count - window + 1)).contains { start in
                    windows.contains(Array(text[start..<(start + window)]))
                }
                #expect(!shown, "\(secret) in pieces of \(pieces.map(\.count))")
            }
        }
    }

    @Test("pass on each piece of a stream at once when no secret begins at its end")
    func promptStream() {
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        var stream = SecretStream(through: gate)
        for piece in ["data: 4000000001\n\n", "event: heartbeat\n\n", "x", "\\u00", "a\n"] {
            #expect(stream.cut(Array(piece.utf8)) == Array(piece.utf8))
        }
        let (beginning, rest) = ("5000000001:AAHdqTcvCH", "and something else that is as long as the rest")
        #expect(stream.cut(Array(beginning.utf8)).isEmpty)
        #expect(stream.cut(Array(rest.utf8)) == Array((beginning + rest).utf8))
        #expect(stream.end().isEmpty)
    }

    @Test("are cut of a secret until the process drops it", arguments: 0..<20)
    func released(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let gate = SecretGate()
        var held: [[UInt8]: Int] = [:]
        let secrets = (0..<6).map { _ in random.bytes(32) }
        for _ in 0..<3_000 {
            let secret = secrets[Int(random.next() % 6)]
            if random.next() % 2 == 0 {
                secret.withUnsafeBytes { gate.hold($0) }
                held[secret, default: 0] += 1
            } else if held[secret, default: 0] > 0 {
                secret.withUnsafeBytes { gate.release($0) }
                held[secret, default: 0] -= 1
            }
        }
        for secret in secrets {
            #expect((gate.cut(secret) == secret) == (held[secret, default: 0] == 0), "seed \(seed)")
            while held[secret, default: 0] > 0 {
                secret.withUnsafeBytes { gate.release($0) }
                held[secret, default: 0] -= 1
            }
        }
        #expect(gate.size == 0)
    }

    @Test("become one line of bounded length, without a partial secret at the end")
    func words() {
        let gate = SecretGate()
        for secret in Self.secrets { gate.hold(secret) }
        let said = String(repeating: "x", count: 180) + " " + Self.secrets[0] + "\n\u{0}\u{1B}[31m"
        let words = PeerText(said, through: gate).description
        #expect(words == String(repeating: "x", count: 180) + " [redacted]   [31m")
        #expect(PeerText(String(repeating: "y", count: 10_000), through: gate).description.count == PeerText.limit)
        #expect(PeerText("a\r\nb", through: gate).description == "a  b")
    }

    @Test("keep repetitive data, which is common on chains and no secret")
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
