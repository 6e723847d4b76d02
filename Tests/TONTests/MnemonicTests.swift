import Cryptography
import Seams
import TON
import Testing

@Suite("Mnemonics")
struct MnemonicTests {
    @Test("are valid when generated, and refused with a changed word", arguments: [UInt64(1), 2, 3])
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
        // One of 256 changes passes by chance.
        #expect(refused >= 22)
    }

    @Test(
        "of another length or with other letters are refused",
        arguments: ["", "abandon", "Abandon", "ab", "abandon1"]
    )
    func malformed(word: String) {
        #expect(throws: TONError(.malformedMnemonic, "")) { try Mnemonic([word]) }
        #expect(throws: TONError(.malformedMnemonic, "")) {
            try Mnemonic([String](repeating: word, count: word == "abandon" ? 25 : 24))
        }
    }

    /// The mnemonics of ton-crypto (`src/mnemonic/mnemonic.spec.ts`), and the seeds of their keys.
    private static let published: KeyValuePairs<String, String> = [
        """
        hospital stove relief fringe tongue always charge angry urge sentence again match nerve inquiry senior coconut \
        label tumble carry category beauty bean road solution
        """: "9d659a6c2234db7f6e4f977e6e8653b9f5946d557163f31034011375d8f3f97d",
        """
        dose ice enrich trigger test dove century still betray gas diet dune use other base gym mad law immense \
        village world example praise game
        """: "119dcf2840a3d56521d260b2f125eedc0d4f3795b9e627269a4b5a6dca8257bd",
        """
        hobby coil wisdom mechanic fossil pretty enough attract since choice exhaust hazard kit oven damp flip hawk \
        tribe spice glare step hammer apple number
        """: "764c63ecdc92b331caf3c5a81c483da8444d4ac87d87af9e3cd36ae207d94e51",
        """
        now wide tag purity diamond coin unit rack device replace cheap deposit mention fence elite elder city measure \
        reward lion chef promote depart connect
        """: "2a8a63e0467f1f4148e0be0cc13e922d726f0b1c29272d6743eb83cf5549128f",
        """
        clinic toward wedding category tip spin purity absent army gun brain happy move company that cheap tank way \
        shoe awkward pole protect wear crystal
        """: "e5e78a8e1e509da180bc5aeb8af1a37d4311c5110402842925760a4035119362",
    ]

    @Test("of ton-crypto lead to its keys, and need no password")
    func fromTONCrypto() throws {
        for (sentence, seed) in Self.published {
            let words = sentence.split(separator: " ").map(String.init)
            let found = try Mnemonic(words).seed
            #expect(found.withUnsafeBytes { Hex.encode($0) } == seed)
            #expect(throws: TONError.self) { try Mnemonic(words, password: "pass 39") }
        }
    }

    /// Mnemonics that need a password: the first that fits of "pass 0", "pass 1" and so on, and the seed of the key,
    /// computed with Python's hmac and hashlib by the rules of ton-crypto.
    private static let withPassword: [(sentence: String, number: Int, seed: String)] = [
        (
            """
            silent gauge always alcohol next world devote letter cliff song guide story rose table guess vast velvet \
            alert judge spike artwork denial dream force
            """, 39, "2d81201c5a16d2ab4342c8c6200a0ba8e324c9bbe031ddc53010363a060c823b"
        ),
        (
            """
            actual spy van million daughter scout vicious dinner slice spider feel train mule social daring help \
            butter benefit romance scan crew small laugh still
            """, 66, "1f9894afb7f4e08448907e7e3cce5cff352cbe17c2c0d8d32a035d218ef1f756"
        ),
        (
            """
            elephant lava awkward present type normal witness match cloud admit error lock wrestle glue veteran sense \
            bless menu bring venture snack ensure flee field
            """, 640, "1563411ea2b86c730bbba72224a994860dfb9c6f5b76179928a0b185475f1317"
        ),
    ]

    @Test("with a password lead to their keys with it only")
    func passwords() throws {
        for (sentence, number, seed) in Self.withPassword {
            let words = sentence.split(separator: " ").map(String.init)
            let found = try Mnemonic(words, password: "pass \(number)").seed
            #expect(found.withUnsafeBytes { Hex.encode($0) } == seed)
            // The rule has eight bits, so that one password in 256 fits by chance. None of these does.
            for wrong in 0..<min(number, 40) {
                #expect(throws: TONError(.malformedMnemonic, "")) { try Mnemonic(words, password: "pass \(wrong)") }
            }
            #expect(throws: TONError(.malformedMnemonic, "")) { try Mnemonic(words) }
        }
    }

    @Test("have words of the list only")
    func unlisted() {
        let words = (0..<24).map { _ in "abandonn" }
        #expect { try Mnemonic(words) } throws: { "\($0)".contains("the list") }
    }
}
