import ProviderTON
import Seams
import Testing

@Suite("Comments as people type them")
struct TypedCommentTests {
    /// Characters that wallets and people add to a comment.
    private static let noise = [
        " ", "\t", "\n", "\r\n", "\u{A0}", "\u{202F}", "\u{2009}", "\u{3000}", "\u{200B}", "\u{200D}", "\u{FEFF}",
        "\u{202E}",
        "\u{2028}", "\u{AD}", "\"", "'", "\u{201C}", "\u{201D}", "\u{201E}", "\u{2018}", "\u{2019}", "\u{AB}", "\u{BB}",
        "`",
    ]

    @Test("are matched whatever was added around and into them")
    func folded() {
        let seed: UInt64 = 20_261_128
        let random = SeededRandom(seed: seed)
        for round in 0..<500 {
            let bytes = random.bytes(64)
            let ours = String(
                String.UnicodeScalarView(
                    bytes[..<20].map { TypedComment.alphabet[Int($0) % TypedComment.alphabet.count] }
                )
            )
            var typed = ""
            for (index, character) in ours.enumerated() {
                if bytes[20 + index] % 3 == 0 { typed += Self.noise[Int(bytes[40 + index]) % Self.noise.count] }
                typed += bytes[20 + index] % 2 == 0 ? character.uppercased() : String(character)
            }
            typed += Self.noise[round % Self.noise.count]
            #expect(TypedComment(Array(typed.utf8))?.text == ours, "seed \(seed), round \(round)")
        }
    }

    @Test("are matched in full-width characters and in look-alike letters")
    func retyped() {
        let ours = String(String.UnicodeScalarView(TypedComment.alphabet))
        let wide = String(
            String.UnicodeScalarView(TypedComment.alphabet.compactMap { Unicode.Scalar($0.value + 0xFEE0) })
        )
        #expect(TypedComment(wide).text == ours && TypedComment(wide.uppercased()).text == ours)
        #expect(TypedComment("OIl\u{410}\u{412}\u{421}\u{415}").text == "011abce")
    }

    @Test("of ours stay distinct: folding changes no generated comment")
    func alphabet() {
        #expect(256 % TypedComment.alphabet.count == 0, "each character is drawn as often as every other")
        #expect(Set(TypedComment.alphabet.map { TypedComment(String($0)).text }).count == TypedComment.alphabet.count)
        let seed: UInt64 = 20_261_129
        let random = SeededRandom(seed: seed)
        var drawn: Set<String> = []
        for _ in 0..<2_000 {
            let comment = TypedComment.draw(from: random)
            #expect(comment.unicodeScalars.count == TypedComment.length, "seed \(seed)")
            #expect(comment.unicodeScalars.allSatisfy(TypedComment.alphabet.contains), "seed \(seed)")
            #expect(TypedComment(comment).text == comment, "seed \(seed)")
            drawn.insert(comment)
        }
        #expect(drawn.count == 2_000, "seed \(seed)")
    }

    @Test("can be stored and told apart, whatever they hold, and are nil when they are too long or not UTF-8")
    func hostile() {
        #expect(TypedComment("a\0b").text == "a\u{241B}0b")
        #expect(TypedComment("a\u{241B}0b").text != TypedComment("a\0b").text)
        #expect(TypedComment([0xFF]) == nil)
        #expect(TypedComment([UInt8](repeating: 0x61, count: 513)) == nil)
    }
}
