import Cryptography
import Providers
import Seams
import TON
import Testing

@testable import ProviderTON

@Suite("The locator of a TON scan")
struct ScanLocatorTests {
    static let seeds: [UInt64] = (1...20).map { $0 }

    /// A chain transaction of which no more than its place can be read.
    static func step(lt: UInt64, after previous: ChainPlace, now: UInt32) throws -> AccountStep {
        var builder = CellBuilder()
        try builder.store(uint: UInt8(0b0111), bits: 4)
        try builder.store(bytes: CellHash.zero.bytes)
        try builder.store(uint: lt, bits: 64)
        try builder.store(bytes: previous.hash.bytes)
        try builder.store(uint: previous.lt, bits: 64)
        try builder.store(uint: UInt64(now), bits: 32)
        return try AccountStep(parsing: builder.build())
    }

    /// A history in which each chain transaction names the one before it.
    private func history(_ count: Int, _ random: inout SeededRandom) throws -> [AccountStep] {
        var steps: [AccountStep] = []
        var (last, now) = (ChainPlace(lt: 0, hash: .zero), UInt32(1_800_000_000))
        for _ in 0..<count {
            now += UInt32.random(in: 0...100, using: &random)
            let lt = last.lt + UInt64.random(in: 1...1_000_000_000, using: &random)
            steps.append(try Self.step(lt: lt, after: last, now: now))
            last = ChainPlace(steps[steps.count - 1])
        }
        return steps
    }

    @Test(
        "keeps the last eight places, ever fewer before them and where it began, however it is read",
        arguments: seeds
    )
    func laws(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let steps = try history(Int.random(in: 1...1_000, using: &random), &random)
        var locator = ScanLocator.beginning
        var read = 0
        while read < steps.count {
            let end = min(
                steps.count,
                read + Int.random(in: 1...([1, 7, 500].randomElement(using: &random) ?? 1), using: &random)
            )
            locator = locator.advanced(over: steps[read..<end])
            read = end
            let places = locator.places
            #expect(places.count <= 23, "seed \(seed)")
            #expect(
                locator.newest.chain == ChainPlace(steps[read - 1]) && locator.newest.number == read,
                "seed \(seed)"
            )
            #expect(places.last?.isBeginning == true, "seed \(seed)")
            for (index, step) in steps[..<read].suffix(8).reversed().enumerated() {
                #expect(places[index].chain == ChainPlace(step), "seed \(seed)")
                #expect(places[index].time == step.head.now, "seed \(seed)")
            }
            for (newer, older) in zip(places, places.dropFirst()) {
                #expect(newer.lt > older.lt && newer.number > older.number, "seed \(seed)")
                // To find back costs a small multiple of what has to be read again.
                let distances = (UInt64(read) - newer.number, UInt64(read) - older.number)
                #expect(distances.1 <= 8 * max(distances.0, 8), "seed \(seed): \(places.map(\.number))")
            }
            // What the database gives back is what it was given.
            #expect(try ScanLocator(stored: locator.text) == locator, "seed \(seed)")
        }
    }

    @Test("that goes back to one of its places has what was before it, and goes on from there", arguments: seeds)
    func cut(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let steps = try history(Int.random(in: 20...300, using: &random), &random)
        let whole = ScanLocator.beginning.advanced(over: steps)
        let place = try #require(whole.places.randomElement(using: &random))
        let back = whole.cut(to: place)
        #expect(back.newest == place, "seed \(seed)")
        #expect(back.places == whole.places.filter { $0.lt <= place.lt }, "seed \(seed)")
        // What waits and is after that place is read again.
        var held = whole
        held.waiting = whole.places
        #expect(try ScanLocator(stored: held.text) == held, "seed \(seed)")
        #expect(held.cut(to: place).waiting == back.places, "seed \(seed)")
        let again = back.advanced(over: steps.dropFirst(Int(place.number)))
        #expect(again.newest == whole.newest, "seed \(seed)")
        #expect(again.places.prefix(8) == whole.places.prefix(8), "seed \(seed)")
        #expect(again.places.count <= 23, "seed \(seed)")
    }

    @Test("is read from what was stored before it had older places, and from nothing that is none")
    func stored() throws {
        let hash = CellHash.zero.description
        let old = try ScanLocator(stored: "17:\(hash)")
        #expect(old.places == [.init(chain: ChainPlace(lt: 17, hash: .zero), number: 0, time: 0)])
        let next = old.advanced(over: [try Self.step(lt: 20, after: old.newest.chain, now: 5)])
        #expect(next.places.map(\.lt) == [20, 17])
        let wrong = [
            "", " ", "17", "17:", "17:\(hash):1", "17:\(hash):1:2:3", "x:\(hash)", "17:\(hash):1:-2", "17:\(hash) ",
            "17:\(hash):1:2 17:\(hash):1:2", "17:\(hash):1:2 18:\(hash):0:1",
            "waits:17:\(hash):1:2", "waits", "waits:", "17:\(hash):1:2 waits:18",
            "17:\(hash):1:2 hurries:18:\(hash):1:2",
        ]
        for text in wrong {
            #expect(throws: ProviderError.self, "\(text)") { try ScanLocator(stored: text) }
        }
    }
}
