/// Removes secrets from a peer's stream of pieces, even those that are split over two pieces.
///
/// A piece is passed on at once, so that an event does not wait for the next piece. An end with the first eight bytes
/// of a secret is held back until the rest has arrived. When a piece ends earlier in a secret, at most seven bytes of
/// it pass.
package struct SecretStream: Sendable {
    /// How many bytes that were passed on are searched again: nearly a window, with each byte as a JSON escape
    /// (`\u0041`).
    private static let memory = 6 * SecretGate.window - 1

    private let gate: SecretGate
    /// The last bytes that were passed on.
    private var passed: [UInt8] = []
    /// Bytes that may be the beginning of a secret.
    private var held: [UInt8] = []

    /// A stream that goes through a gate.
    package init(through gate: SecretGate = .shared) {
        self.gate = gate
    }

    /// The bytes that can be passed on after a piece.
    package mutating func cut(_ piece: [UInt8]) -> [UInt8] { take(piece, isLast: false) }

    /// The remaining bytes at the end of the stream.
    package mutating func end() -> [UInt8] { take([], isLast: true) }

    private mutating func take(_ piece: [UInt8], isLast: Bool) -> [UInt8] {
        let known = gate.state
        let bytes = passed + held + piece
        let start = passed.count
        let ranges = SecretGate.find(known, in: bytes)
        // A place inside a complete secret does not begin another one.
        var opening = isLast ? nil : SecretGate.opening(known, in: bytes, from: 0)
        while let first = opening, let whole = ranges.first(where: { $0.lowerBound < first && first < $0.upperBound }) {
            opening = SecretGate.opening(known, in: bytes, from: whole.upperBound)
        }
        let end = max(opening ?? bytes.count, start)
        // A secret that reaches beyond the end may be a part of the one that begins before it, so that both are held
        // back.
        let ready = ranges.filter { $0.upperBound > start && $0.upperBound <= end }
        var cut: [UInt8] = []
        var place = start
        for range in ready {
            if range.lowerBound > place { cut += bytes[place..<range.lowerBound] }
            cut += SecretGate.cutOut
            place = range.upperBound
        }
        cut += bytes[place..<end]
        if bytes.contains(UInt8(ascii: "\\")) {
            let plain = SecretGate.unescaped(Array(bytes[..<start]) + cut)
            guard SecretGate.find(known, in: plain).isEmpty else {
                (passed, held) = ([], [])
                return SecretGate.cutOut
            }
            if !isLast, opening == nil, ranges.isEmpty, SecretGate.opening(known, in: plain, from: 0) != nil {
                held = Array(bytes[start...])
                return []
            }
        }
        held = Array(bytes[end...])
        passed = Array(bytes[max(ready.last?.upperBound ?? 0, end - Self.memory)..<end])
        return cut
    }
}
