/// A block that is proven to have a root hash; parts of it may be left out (block.tlb `Block`).
package struct ProvenBlock: Sendable {
    private static let tag: UInt64 = 0x11EF_55AA
    private static let infoTag: UInt64 = 0x9BC7_A987
    private static let extraTag: UInt64 = 0x4A33_F6FD

    /// Which block it is and when it was made.
    package struct Header: Hashable, Sendable {
        /// The workchain.
        package let workchain: Int32
        /// The shard's prefix, with the bit that ends it.
        package let shard: UInt64
        /// The number in the shard.
        package let seqno: UInt32
        /// When it was made, in seconds since 1970.
        package let time: UInt32
        /// The logical times that it covers.
        package let startLT: UInt64
        /// The logical times that it covers.
        package let endLT: UInt64
    }

    private let root: Cell

    /// A block, from a Merkle proof or whole.
    ///
    /// - Parameters:
    ///   - proof: the proof's cell, or the block's.
    ///   - rootHash: the root hash that the block has to have.
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when it has another root hash.
    package init(_ proof: Cell, rootHash: CellHash) throws(TONError) {
        root = try ProvenTree.root(of: proof, hash: rootHash)
        var slice = try ProvenTree.slice(of: root)
        guard try slice.loadUInt(32) == Self.tag else {
            throw TONError(.malformedStructure, "what is proven is no block")
        }
    }

    /// Which block it is and when it was made.
    ///
    /// - Throws: ``TONError`` when that part was left out.
    package func header() throws(TONError) -> Header {
        var slice = try ProvenTree.slice(of: root.reference(0))
        guard try slice.loadUInt(32) == Self.infoTag else {
            throw TONError(.malformedStructure, "what is proven is no block")
        }
        // version:uint32, eight bits of merges and splits, flags:8
        try slice.skip(32 + 8 + 8)
        let seqno = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        // vert_seq_no:uint32
        try slice.skip(32)
        let (workchain, shard) = try Self.loadShard(&slice)
        let time = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        let (start, end) = (try slice.loadUInt(64), try slice.loadUInt(64))
        return Header(workchain: workchain, shard: shard, seqno: seqno, time: time, startLT: start, endLT: end)
    }

    static func loadShard(_ slice: inout CellSlice) throws(TONError) -> (workchain: Int32, shard: UInt64) {
        // shard_ident$00 shard_pfx_bits:(#<= 60) workchain_id:int32 shard_prefix:uint64
        guard try slice.loadUInt(2) == 0 else { throw TONError(.malformedStructure, "a shard is named differently") }
        let count = try slice.loadUInt(6)
        guard count <= 60 else { throw TONError(.malformedStructure, "a shard's prefix has at most 60 bits") }
        let workchain = Int32(truncatingIfNeeded: try slice.loadInt(32))
        let prefix = try slice.loadUInt(64)
        return (workchain, prefix | UInt64(1) << (63 - count))
    }

    /// The hash of a chain transaction in this block.
    ///
    /// - Parameters:
    ///   - account: the 256 bits of its account.
    ///   - lt: its logical time.
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when the path to it was left out.
    /// - Returns: the hash; nil when it is proven that there is no such chain transaction.
    package func transactionHash(of account: CellHash, lt: UInt64) throws(TONError) -> CellHash? {
        var extra = try ProvenTree.slice(of: root.reference(3))
        guard try extra.loadUInt(32) == Self.extraTag else {
            throw TONError(.malformedStructure, "what is proven is no block")
        }
        _ = try extra.loadReference()
        _ = try extra.loadReference()
        // HashmapAugE 256 AccountBlock CurrencyCollection
        var blocks = try ProvenTree.slice(of: extra.loadReference())
        guard let accounts = try blocks.loadMaybeReference() else { return nil }
        let top = try ProvenTree.slice(of: accounts)
        guard var found = try ProvenTree.lookUp(ProvenTree.bits(account.bytes), from: top) else { return nil }
        try ProvenTree.skipCurrencies(&found)
        // acc_trans#5 account_addr:bits256 transactions:(HashmapAug 64 ^Transaction CurrencyCollection)
        guard try found.loadUInt(4) == 5, try found.loadHash() == account else {
            throw TONError(.malformedStructure, "the entry of an account in the block names another account")
        }
        let time = ProvenTree.bits((0..<8).map { UInt8(truncatingIfNeeded: lt >> (56 - 8 * $0)) })
        guard var leaf = try ProvenTree.lookUp(time, from: found) else { return nil }
        try ProvenTree.skipCurrencies(&leaf)
        return try leaf.loadReference().hash(at: 0)
    }

    /// The hash of the shard's state after this block.
    ///
    /// - Throws: ``TONError`` when that part was left out.
    package func stateHash() throws(TONError) -> CellHash {
        let update = try root.reference(2)
        guard update.kind == .merkleUpdate else {
            throw TONError(.invalidProof, "the proof leaves out how the block changed the state")
        }
        var slice = update.slice()
        try slice.skip(8 + 256)
        return try slice.loadHash()
    }

    /// The shard's state after this block, as far as the block itself shows it: the parts that it changed.
    ///
    /// - Throws: ``TONError`` when that part was left out.
    package func changedState() throws(TONError) -> ProvenState {
        let hash = try stateHash()
        return try ProvenState(root.reference(2).reference(1), hash: hash)
    }
}
