import Cryptography
import Testing

@Suite("The English words")
struct EnglishWordsTests {
    @Test("are those that BIP-39 published, each at its place")
    func list() {
        let file = EnglishWords.all.map { $0 + "\n" }.joined()
        let published = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
        #expect(text(SHA256.hash(Array(file.utf8))) == published)
        for (number, word) in EnglishWords.all.enumerated() { #expect(EnglishWords.number(of: word) == number) }
        for stranger in ["", "aaa", "abandonx", "zzz", "Abandon"] { #expect(EnglishWords.number(of: stranger) == nil) }
    }
}
