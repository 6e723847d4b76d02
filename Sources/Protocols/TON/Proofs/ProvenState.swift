/// A shard's state that is proven to have a hash; parts of it may be left out (block.tlb `ShardStateUnsplit`).
package struct ProvenState: Sendable {
    private static let tag: UInt64 = 0x9023_AFE2

    /// The entry of an account in a state.
    package struct Entry: Hashable, Sendable {
        /// The account's cell, or the pruned branch in its place.
        package let cell: Cell
        /// The hash of the account's cell.
        package let hash: CellHash
        /// The hash of its last chain transaction.
        package let lastHash: CellHash
        /// The logical time of its last chain transaction.
        package let lastLT: UInt64
    }

    private let root: Cell

    /// A state, from a Merkle proof or whole.
    ///
    /// - Parameters:
    ///   - proof: the proof's cell, or the state's.
    ///   - hash: the hash that it has to have, from ``ProvenBlock/stateHash()``.
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when it has another hash.
    package init(_ proof: Cell, hash: CellHash) throws(TONError) {
        root = try ProvenTree.root(of: proof, hash: hash)
    }

    /// The entry of an account of the shard.
    ///
    /// - Parameter account: the account's 256 bits.
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when the path to it was left out.
    /// - Returns: the entry; nil when it is proven that there is no such account.
    package func entry(of account: CellHash) throws(TONError) -> Entry? {
        var slice = try ProvenTree.slice(of: root)
        guard try slice.loadUInt(32) == Self.tag else {
            throw TONError(.malformedStructure, "the proof is not of a shard's state")
        }
        // out_msg_queue_info comes first, then accounts: HashmapAugE 256 ShardAccount DepthBalanceInfo
        var accounts = try ProvenTree.slice(of: root.reference(1))
        guard let dictionary = try accounts.loadMaybeReference() else { return nil }
        let top = try ProvenTree.slice(of: dictionary)
        guard var found = try ProvenTree.lookUp(ProvenTree.bits(account.bytes), from: top) else { return nil }
        // depth_balance$_ split_depth:(#<= 30) balance:CurrencyCollection
        try found.skip(5)
        try ProvenTree.skipCurrencies(&found)
        let cell = try found.loadReference()
        return Entry(
            cell: cell,
            hash: cell.hash(at: 0),
            lastHash: try found.loadHash(),
            lastLT: try found.loadUInt(64)
        )
    }
}

/// An account in a state (block.tlb `Account`).
package struct ProvenAccount: Hashable, Sendable {
    /// The address.
    package let address: TONAddress
    /// The balance, in nanotons.
    package let balance: UInt128
    /// Until when its rent is paid, in seconds since 1970.
    package let rentPaid: UInt32
    /// The rent that it owes, in nanotons.
    package let rentDue: UInt128
    /// Its status.
    package let status: AccountStatus
    /// Its code and data; nil unless it is active.
    package let state: StateInit?

    /// Reads an account's cell, which has to be the one that a state names.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/invalidProof`` when it is another.
    /// - Returns: nil when the account does not exist (`account_none$0`).
    package init?(_ cell: Cell, entry: ProvenState.Entry) throws(TONError) {
        guard cell.hash(at: 0) == entry.hash else {
            throw TONError(.invalidProof, "the account is not the one that the state names")
        }
        var slice = try ProvenTree.slice(of: cell)
        guard try slice.loadBit() else { return nil }
        guard let address = try slice.loadAddress() else {
            throw TONError(.malformedStructure, "an account has an address")
        }
        self.address = address
        (rentPaid, rentDue) = try Self.loadStorageInfo(&slice)
        // account_storage$_ last_trans_lt:uint64 balance:CurrencyCollection state:AccountState
        try slice.skip(64)
        balance = try slice.loadCoins()
        _ = try slice.loadMaybeReference()
        if try slice.loadBit() {
            status = .active
            state = try StateInit(from: &slice)
        } else {
            status = try slice.loadBit() ? .frozen : .uninitialised
            state = nil
        }
    }

    private static func loadStorageInfo(_ slice: inout CellSlice) throws(TONError) -> (paid: UInt32, due: UInt128) {
        // storage_used$_ cells:(VarUInteger 7) bits:(VarUInteger 7)
        for _ in 0..<2 {
            let count = Int(try slice.loadUInt(3))
            try slice.skip(8 * count)
        }
        // storage_extra_none$000 or storage_extra_info$001 dict_hash:uint256; before global version 11 this was the
        // number of public cells, which was always zero and has the same encoding.
        switch try slice.loadUInt(3) {
        case 0: break
        case 1: try slice.skip(256)
        default: throw TONError(.malformedStructure, "an account's storage is described differently")
        }
        let paid = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        return (paid, try slice.loadBit() ? try slice.loadCoins() : 0)
    }
}
