/// The root hash of a Merkle Patricia trie (Yellow Paper, appendix D), with which a block's header covers its chain
/// transactions, receipts and accounts.
package enum MerklePatriciaTrie {
    /// The root of an empty trie: `keccak256(rlp(""))`.
    package static let emptyRoot = EVMHash(of: [0x80])

    /// The root of a list, with each item under the RLP of its index, as in blocks.
    package static func root(ofList items: [[UInt8]]) -> EVMHash {
        root(of: items.enumerated().map { (key: RLPItem.uint64(UInt64($0.offset)).encoded, value: $0.element) })
    }

    /// The root of a map, whose keys are different and whose values are not empty.
    package static func root(of entries: [(key: [UInt8], value: [UInt8])]) -> EVMHash {
        guard !entries.isEmpty else { return emptyRoot }
        let leaves = entries.map { Leaf(nibbles: nibbles($0.key), value: $0.value) }
            .sorted { $0.nibbles.lexicographicallyPrecedes($1.nibbles) }
        return EVMHash(of: node(leaves[...], from: 0).encoded)
    }

    private struct Leaf {
        let nibbles: [UInt8]
        let value: [UInt8]
    }

    private static func nibbles(_ key: [UInt8]) -> [UInt8] { key.flatMap { [$0 >> 4, $0 & 15] } }

    /// The node over sorted leaves that share their first `depth` nibbles; as deep as the longest key at most.
    private static func node(_ leaves: ArraySlice<Leaf>, from depth: Int) -> RLPItem {
        guard let first = leaves.first, let last = leaves.last else { return .bytes([]) }
        guard leaves.count > 1 else {
            return .list([.bytes(compact(first.nibbles[depth...], isLeaf: true)), .bytes(first.value)])
        }
        // The leaves are sorted, so that all share what the first and the last share.
        let shared = zip(first.nibbles[depth...], last.nibbles[depth...]).prefix { $0 == $1 }.count
        guard shared == 0 else {
            let path = first.nibbles[depth..<(depth + shared)]
            return .list([.bytes(compact(path, isLeaf: false)), reference(node(leaves, from: depth + shared))])
        }
        var children = [RLPItem](repeating: .bytes([]), count: 17)
        var rest = leaves
        if first.nibbles.count == depth {
            children[16] = .bytes(first.value)
            rest = rest.dropFirst()
        }
        while let next = rest.first?.nibbles[depth] {
            let group = rest.prefix { $0.nibbles[depth] == next }
            children[Int(next)] = reference(node(group, from: depth + 1))
            rest = rest.dropFirst(group.count)
        }
        return .list(children)
    }

    /// A node shorter than a hash is embedded in its parent.
    private static func reference(_ node: RLPItem) -> RLPItem {
        let encoded = node.encoded
        return encoded.count < 32 ? node : .bytes(EVMHash(of: encoded).bytes)
    }

    /// The hex-prefix encoding of a path.
    private static func compact(_ path: ArraySlice<UInt8>, isLeaf: Bool) -> [UInt8] {
        let flag: UInt8 = isLeaf ? 2 : 0
        let isOdd = path.count % 2 == 1
        let padded = (isOdd ? [flag + 1] : [flag, 0]) + Array(path)
        return stride(from: 0, to: padded.count, by: 2).map { padded[$0] << 4 | padded[$0 + 1] }
    }
}
