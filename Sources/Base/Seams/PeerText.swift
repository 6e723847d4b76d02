/// A text from another party's server, in a form that may become part of an error, a log line, a row or an answer.
///
/// It is made only here, so that no text of a peer is passed on with our secrets, with several lines, or at any length.
package struct PeerText: Hashable, Sendable, CustomStringConvertible {
    /// The most characters that are kept.
    package static let limit = 200

    /// The words, in one line.
    package let description: String

    /// The words of a peer.
    package init(_ said: String) { self.init(said, through: .shared) }

    package init(_ said: String, through gate: SecretGate) {
        // Secrets are removed before the text is shortened, or the beginning of a secret at the end would stay.
        let words = gate.cut(said).unicodeScalars.prefix(Self.limit).map { scalar in
            scalar.properties.generalCategory == .control ? " " : Character(scalar)
        }
        description = String(words)
    }
}
