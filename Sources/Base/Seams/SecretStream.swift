/// What a peer says piece by piece, without the secrets, also without those that two pieces share.
///
/// A piece is given on at once, so that an event does not wait for the next one, but for its end where that may be the
/// beginning of a secret: eight bytes with which one begins are held back until the rest is there. Of a secret that is cut
/// sooner, at most seven bytes pass.
package struct SecretStream: Sendable {
    /// How much that was given on is looked at again: nearly a window, each byte written as an escape of JSON (`\u0041`).
    private static let memory = 6 * SecretGate.window - 1

    private let gate: SecretGate
    /// The last bytes that were given on.
    private var passed: [UInt8] = []
    /// What may be the beginning of a secret.
    private var held: [UInt8] = []

    /// A stream that goes through a gate.
    package init(through gate: SecretGate = .shared) {
        self.gate = gate
    }

    /// What can be given on when a piece has come.
    package mutating func cut(_ piece: [UInt8]) -> [UInt8] { take(piece, isLast: false) }

    /// What is left when no more comes.
    package mutating func end() -> [UInt8] { take([], isLast: true) }

    private mutating func take(_ piece: [UInt8], isLast: Bool) -> [UInt8] {
        let known = gate.state
        let bytes = passed + held + piece
        let start = passed.count
        let ranges = SecretGate.find(known, in: bytes)
        // What stands in a secret that is there whole begins no other one.
        var opening = isLast ? nil : SecretGate.opening(known, in: bytes, from: 0)
        while let first = opening, let whole = ranges.first(where: { $0.lowerBound < first && first < $0.upperBound }) {
            opening = SecretGate.opening(known, in: bytes, from: whole.upperBound)
        }
        let end = max(opening ?? bytes.count, start)
        // A secret that reaches beyond the end may be a part of the one that begins before it: both wait.
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
