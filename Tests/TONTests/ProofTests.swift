import TON
import Testing

@Suite("Cells of Merkle proofs")
struct ProofTests {
    /// Trees with parts left out at one and at two levels, and their representation hashes, computed by pytoniq-core 0.2.1.
    private static let trees: [(hash: String, bag: String)] = [
        (
            "4e900a8e40d11b3cbad803773494f18ad3b0c256d5cd3a39fc1704a5f1dd3d25",
            "b5ee9c7201010301002f002201b0010228480101111111111111111111111111111111111111111111111111"
                + "111111111111111100050004abcd"
        ),
        (
            "daf43e0dbd2e48b7c19c79419178c7bb284d8eb26798cbd900ec255e214a455c",
            "b5ee9c7201010501007d00620300c00102688c01032222222222222222222222222222222222222222222222"
                + "2222222222222222223333333333333333333333333333333333333333333333333333333333333333000700"
                + "062201b003042848010111111111111111111111111111111111111111111111111111111111111111110005"
                + "0004abcd"
        ),
        (
            "18186f7ef8291d7be6b86c5d145e7636a0b10d69292f61748b95ae47774b735a",
            "b5ee9c720101060100a300294603301df51b10a1555b9d3e4dfd9f62b2015671695a154172747efe38483565"
                + "3854000801620300c00203688c01032222222222222222222222222222222222222222222222222222222222"
                + "2222223333333333333333333333333333333333333333333333333333333333333333000700062201b00405"
                + "28480101111111111111111111111111111111111111111111111111111111111111111100050004abcd"
        ),
        (
            "b9f0b419437c4af3abb7cf9ea6f1879e40348b40729e9d1671797ce3c70376ce",
            "b5ee9c720101070100a70021010301294603301df51b10a1555b9d3e4dfd9f62b2015671695a154172747efe"
                + "384835653854000802620300c00304688c010322222222222222222222222222222222222222222222222222"
                + "2222222222222233333333333333333333333333333333333333333333333333333333333333330007000622"
                + "01b0050628480101111111111111111111111111111111111111111111111111111111111111111100050004"
                + "abcd"
        ),
    ]

    @Test("have the hashes that another implementation computes, at every level", arguments: trees)
    func hashes(hash: String, bag: String) throws {
        let cell = try BagOfCells.root(ofText: bag)
        #expect(cell.hash.description == hash)
        #expect(try BagOfCells.root(of: cell.serialized()) == cell)
    }

    private static func tree() throws -> (proof: Cell, root: CellHash) {
        let proof = try BagOfCells.root(ofText: trees[2].bag)
        var slice = proof.slice()
        try slice.skip(8)
        return (proof, try slice.loadHash())
    }

    @Test("prove nothing about another root, or without a block")
    func others() throws {
        let (proof, root) = try Self.tree()
        #expect(throws: TONError(.invalidProof, "")) { try ProvenBlock(proof, rootHash: proof.hash) }
        #expect(throws: TONError(.underflow, "")) { try ProvenBlock(proof, rootHash: root) }
        #expect(throws: TONError(.underflow, "")) { try ProvenState(proof, hash: root).entry(of: root) }
    }
}
