import Seams
import Testing

private enum Thing: IdentifierKind { static let prefix = "thing" }

@Suite("An identifier")
struct IdentifierTests {
    @Test("reads back what it prints")
    func roundTrip() throws {
        let random = SeededRandom(seed: 7)
        for _ in 0..<1_000 {
            let id = Identifier<Thing>(value: UInt128(random.next()) << 64 | UInt128(random.next()))
            #expect(try Identifier<Thing>(id.text) == id, "seed 7")
        }
        let largest = Identifier<Thing>(value: .max)
        #expect(largest.text == "thing_7zzzzzzzzzzzzzzzzzzzzzzzzz")
        #expect(try Identifier<Thing>(largest.text) == largest)
    }

    static let refused: [(text: String, error: IdentifierError)] = [
        ("", .wrongPrefix(expected: "thing")),
        ("other_00000000000000000000000000", .wrongPrefix(expected: "thing")),
        ("thing_0000000000000000000000000", .malformed),
        ("thing_000000000000000000000000000", .malformed),
        ("thing_80000000000000000000000000", .malformed),
        ("thing_0000000000000000000000000A", .malformed),
        ("thing_0000000000000000000000000i", .malformed),
        ("thing_0000000000000000000000000\u{0660}", .malformed),
        ("THING_00000000000000000000000000", .wrongPrefix(expected: "thing")),
    ]

    @Test("refuses every other spelling", arguments: refused)
    func refuses(text: String, error: IdentifierError) {
        #expect(throws: error) { try Identifier<Thing>(text) }
    }

    @Test("is greater than the ones before it, also when the clock stands still or goes back")
    func increases() {
        let clock = ManualClock(Timestamp(seconds: 1_000))
        let source = IdentifierSource(clock: clock, random: SeededRandom(seed: 1))
        var last: Identifier<Thing> = source.next()
        for step in 0..<10_000 {
            if step == 5_000 { clock.advance(by: .seconds(-10)) }
            let next: Identifier<Thing> = source.next()
            #expect(next > last)
            #expect(next.text > last.text)
            last = next
        }
    }
}
