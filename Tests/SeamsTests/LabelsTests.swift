import Seams
import Testing

@Suite("Labels")
struct LabelsTests {
    /// Texts that differ in their bytes; some of them are canonically equivalent.
    private static let alike = [
        "\u{E9}", "e\u{301}", "\u{C5}", "A\u{30A}", "\u{212B}", "K", "\u{212A}", "\u{AC00}", "\u{1100}\u{1161}",
        "q\u{307}\u{323}", "q\u{323}\u{307}", ";", "\u{37E}", "", "e", "\u{1F600}", "\0",
    ]

    @Test("hold the same as a plain table of bytes, whatever is added, changed and removed")
    func law() {
        let seed: UInt64 = 20
        let random = SeededRandom(seed: seed)
        func any() -> String { Self.alike[Int(random.next() % UInt64(Self.alike.count))] }
        for _ in 0..<300 {
            var (labels, model): (Labels, [[UInt8]: [UInt8]]) = (Labels(), [:])
            for _ in 0..<(random.next() % 40) {
                let (key, value) = (any() + any(), any())
                let isTaken = random.next() % 4 == 0
                labels[key] = isTaken ? nil : value
                model[Array(key.utf8)] = isTaken ? nil : Array(value.utf8)
            }
            let ordered = model.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            #expect(labels.map { Array($0.key.utf8) } == ordered.map(\.key), "seed \(seed)")
            #expect(labels.map { Array($0.value.utf8) } == ordered.map(\.value), "seed \(seed)")
            for key in Self.alike {
                #expect(labels[key].map { Array($0.utf8) } == model[Array(key.utf8)], "seed \(seed)")
            }
        }
    }

    @Test("are equal exactly when their bytes are, also in sets")
    func equality() {
        for one in Self.alike {
            for other in Self.alike {
                let isSame = Array(one.utf8) == Array(other.utf8)
                #expect((Exact(wrappedValue: one) == Exact(wrappedValue: other)) == isSame)
                #expect((Exact<String?>(wrappedValue: one) == Exact<String?>(wrappedValue: other)) == isSame)
                #expect(([one: "v"] as Labels == [other: "v"]) == isSame)
                #expect((["k": one] as Labels == ["k": other]) == isSame)
                #expect((StorableText(one) == StorableText(other)) == isSame)
            }
        }
        #expect(Set(Self.alike.map { Exact(wrappedValue: $0) }).count == Self.alike.count)
        #expect(Exact<String?>(wrappedValue: nil) != Exact<String?>(wrappedValue: ""))
    }
}
