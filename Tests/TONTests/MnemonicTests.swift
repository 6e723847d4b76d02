import Cryptography
import Seams
import TON
import Testing

@Suite("Mnemonics")
struct MnemonicTests {
    @Test("that are made new belong together, and a changed word does not", arguments: [UInt64(1), 2, 3])
    func generated(seed: UInt64) throws {
        let words = try Mnemonic.generate(from: SeededRandom(seed: seed))
        #expect(words.count == 24 && words.allSatisfy { EnglishWords.number(of: $0) != nil })
        #expect(try Mnemonic(words).seed.count == 32)
        #expect(throws: TONError.self) { try Mnemonic(words, password: "none was set") }
        var refused = 0
        for position in words.indices {
            var changed = words
            changed[position] = words[position] == "zoo" ? "abandon" : "zoo"
            if (try? Mnemonic(changed)) == nil { refused += 1 }
        }
        // One of 256 changes is not noticed by chance.
        #expect(refused >= 22)
    }

    @Test("of other lengths or other letters are refused", arguments: ["", "abandon", "Abandon", "ab", "abandon1"])
    func malformed(word: String) {
        #expect(throws: TONError(.malformedMnemonic, "")) { try Mnemonic([word]) }
        #expect(throws: TONError(.malformedMnemonic, "")) {
            try Mnemonic([String](repeating: word, count: word == "abandon" ? 25 : 24))
        }
    }
}
