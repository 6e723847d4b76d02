/// Walks trees of cells with omitted parts, and never reads an omitted part as if it were present.
enum ProvenTree {
    /// The tree in a Merkle proof, or the whole tree itself; its hash has to be `hash`.
    ///
    /// It was checked when the proof's cell was made that it states the hash of its content.
    static func root(of cell: Cell, hash: CellHash) throws(TONError) -> Cell {
        let tree = cell.kind == .merkleProof ? try cell.reference(0) : cell
        guard tree.hash(at: 0) == hash else {
            throw TONError(.invalidProof, "the proof is of \(tree.hash(at: 0)), not of \(hash)")
        }
        return tree
    }

    /// A reader of a cell that was not left out.
    static func slice(of cell: Cell) throws(TONError) -> CellSlice {
        guard cell.kind == .ordinary else {
            throw TONError(.invalidProof, "the proof leaves out the requested part")
        }
        return cell.slice()
    }

    /// Looks up a key in a dictionary whose nodes carry sums (TL-B `HashmapAug n X Y`).
    ///
    /// - Parameters:
    ///   - key: the key's bits, the highest first.
    ///   - start: a reader at the root's label.
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when the path to the key was left out.
    /// - Returns: the rest of the leaf, its sum first; nil when it is proven that the key is not in the dictionary.
    static func lookUp(_ key: [Bool], from start: CellSlice) throws(TONError) -> CellSlice? {
        var slice = start
        var rest = key[...]
        while true {
            let label = try loadLabel(&slice, limit: rest.count)
            guard rest.starts(with: label) else { return nil }
            rest = rest.dropFirst(label.count)
            guard let turn = rest.popFirst() else { return slice }
            let left = try slice.loadReference()
            let right = try slice.loadReference()
            slice = try self.slice(of: turn ? right : left)
        }
    }

    private static func loadLabel(_ slice: inout CellSlice, limit: Int) throws(TONError) -> [Bool] {
        switch try HashmapLabel(from: &slice, limit: limit) {
        case .repeated(let bit, let length): return [Bool](repeating: bit, count: length)
        case .literal(let length):
            var bits: [Bool] = []
            for _ in 0..<length { bits.append(try slice.loadBit()) }
            return bits
        }
    }

    /// The bits of a key.
    static func bits(_ bytes: [UInt8]) -> [Bool] {
        bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 == 1 } }
    }

    /// Skips coins and further currencies (TL-B `CurrencyCollection`).
    static func skipCurrencies(_ slice: inout CellSlice) throws(TONError) {
        _ = try slice.loadCoins()
        _ = try slice.loadMaybeReference()
    }
}
