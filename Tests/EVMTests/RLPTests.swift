import Cryptography
import EVM
import Seams
import Testing

@Suite("RLP")
struct RLPTests {
    @Test(
        "writes and reads the examples of the Yellow Paper's appendix",
        arguments: [
            (.bytes(Array("dog".utf8)), "83646f67"),
            (.list([.bytes(Array("cat".utf8)), .bytes(Array("dog".utf8))]), "c88363617483646f67"),
            (.bytes([]), "80"), (.list([]), "c0"), (.uint64(0), "80"), (.bytes([0]), "00"), (.uint64(15), "0f"),
            (.uint64(1_024), "820400"), (.bytes([0x80]), "8180"),
            (.list([.list([]), .list([.list([])]), .list([.list([]), .list([.list([])])])]), "c7c0c1c0c3c0c1c0"),
        ] as [(RLPItem, String)]
    )
    func examples(item: RLPItem, encoding: String) throws {
        #expect(Hex.encode(item.encoded) == encoding)
        #expect(try DecodedRLP(Hex.decode(encoding)).item == item)
    }

    @Test(
        "refuses every encoding but the canonical one",
        arguments: [
            "", "8100", "817f", "b800", "b80100", "b83700", "b900370000", "f800", "f90000", "b90040", "83646f",
            "c883636174",
            "8080", "c0c0", "c180c0", "c28363", "bfffffffffffffffff", "ffffffffffffffffff", "b8", "f8",
        ]
    )
    func strictness(encoding: String) throws {
        let bytes = try Hex.decode(encoding)
        #expect(throws: EVMError(.malformedRLP, "")) { try DecodedRLP(bytes) }
    }

    @Test("limits the depth of outside data")
    func depth() throws {
        var nested = RLPItem.list([])
        for _ in 1..<DecodedRLP.maximumDepth { nested = .list([nested]) }
        #expect(try DecodedRLP(nested.encoded).item == nested)
        #expect(throws: EVMError(.tooLarge, "")) { try DecodedRLP(RLPItem.list([nested]).encoded) }
    }

    @Test("reads its own output, and refuses it when it was cut or lengthened", arguments: [UInt64](1...30))
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let item = Self.item(&random, depth: 5)
        let bytes = item.encoded
        #expect(try DecodedRLP(bytes).item == item, "seed \(seed)")
        #expect(throws: EVMError.self) { try DecodedRLP(bytes + [0]) }
        #expect(throws: EVMError.self) { try DecodedRLP(Array(bytes.dropLast())) }
    }

    private static func item(_ random: inout SeededRandom, depth: Int) -> RLPItem {
        guard depth > 0, random.next() % 3 != 0 else { return .bytes(random.bytes(Int(random.next() % 80))) }
        return .list((0..<random.next() % 5).map { _ in item(&random, depth: depth - 1) })
    }
}
