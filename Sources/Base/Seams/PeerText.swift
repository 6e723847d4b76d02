/// What somebody else's server says in words, as it may become part of an error, a line of the log, a row or an answer.
///
/// It is made here only, so that nothing a peer says goes further with a secret of ours in it, over several lines, or at
/// any length.
package struct PeerText: Hashable, Sendable, CustomStringConvertible {
    /// The most characters that are kept.
    package static let limit = 200

    /// The words, in one line.
    package let description: String

    /// The words of a peer.
    package init(_ said: String) { self.init(said, through: .shared) }

    package init(_ said: String, through gate: SecretGate) {
        // Cut before it is shortened: of a secret at its end the beginning would be left.
        let words = gate.cut(said).unicodeScalars.prefix(Self.limit).map { scalar in
            scalar.properties.generalCategory == .control ? " " : Character(scalar)
        }
        description = String(words)
    }
}
