package import BigInt

/// The header of a block, whose hash identifies the block and covers its whole content.
package struct EVMHeader: Hashable, Sendable {
    /// The hash of the block before.
    package var parent: EVMHash
    /// The hash of the list of uncles; that of the empty list since the merge.
    package var uncles: EVMHash
    /// The account that gets the fees.
    package var beneficiary: EVMAddress
    /// The root over all accounts.
    package var stateRoot: EVMHash
    /// The root over the chain transactions.
    package var transactionsRoot: EVMHash
    /// The root over the receipts.
    package var receiptsRoot: EVMHash
    /// The filter over the logs.
    package var bloom: EVMBloom
    /// The difficulty; 0 since the merge.
    package var difficulty: BigUInt
    /// The height.
    package var number: UInt64
    /// The most gas that the block may use.
    package var gasLimit: UInt64
    /// The gas that it used.
    package var gasUsed: UInt64
    /// When it was made, in seconds since 1970.
    package var timestamp: UInt64
    /// Any bytes that the block's maker has chosen.
    package var extraData: [UInt8]
    /// A random value since the merge (EIP-4399).
    package var mixHash: EVMHash
    /// Eight bytes; zeros since the merge.
    package var nonce: [UInt8]
    /// The base fee for a unit of gas, in wei (EIP-1559).
    package var baseFee: BigUInt?
    /// The fields that later forks have added, in the order of the forks; when one is missing, so are all after it.
    package var extensions: Extensions

    /// Fields that later forks have added.
    package struct Extensions: Hashable, Sendable {
        /// The root over the withdrawals (EIP-4895, Shanghai).
        package var withdrawalsRoot: EVMHash?
        /// The blob gas that was used (EIP-4844, Cancun).
        package var blobGasUsed: UInt64?
        /// The running excess of blob gas (EIP-4844, Cancun).
        package var excessBlobGas: UInt64?
        /// The root of the beacon block before (EIP-4788, Cancun).
        package var parentBeaconRoot: EVMHash?
        /// The hash of the requests to the consensus layer (EIP-7685, Prague).
        package var requestsHash: EVMHash?

        /// No field of a later fork.
        package init() {}
    }

    /// A header with the values that have been fixed since the merge.
    package init(parent: EVMHash, number: UInt64, timestamp: UInt64, gasLimit: UInt64, baseFee: BigUInt?) {
        self.parent = parent
        self.number = number
        self.timestamp = timestamp
        self.gasLimit = gasLimit
        self.baseFee = baseFee
        uncles = EVMHash(of: [0xC0])
        beneficiary = .zero
        stateRoot = MerklePatriciaTrie.emptyRoot
        transactionsRoot = MerklePatriciaTrie.emptyRoot
        receiptsRoot = MerklePatriciaTrie.emptyRoot
        bloom = EVMBloom()
        difficulty = 0
        gasUsed = 0
        extraData = []
        mixHash = .zero
        nonce = [UInt8](repeating: 0, count: 8)
        extensions = Extensions()
    }

    /// The encoding whose digest is the block's hash.
    package var encoded: [UInt8] {
        var fields: [RLPItem] = [
            .bytes(parent.bytes), .bytes(uncles.bytes), .bytes(beneficiary.bytes), .bytes(stateRoot.bytes),
            .bytes(transactionsRoot.bytes), .bytes(receiptsRoot.bytes), .bytes(bloom.bytes), .integer(difficulty),
            .uint64(number), .uint64(gasLimit), .uint64(gasUsed), .uint64(timestamp), .bytes(extraData),
            .bytes(mixHash.bytes), .bytes(nonce),
        ]
        let later: [RLPItem?] = [
            baseFee.map(RLPItem.integer), extensions.withdrawalsRoot.map { .bytes($0.bytes) },
            extensions.blobGasUsed.map(RLPItem.uint64), extensions.excessBlobGas.map(RLPItem.uint64),
            extensions.parentBeaconRoot.map { .bytes($0.bytes) }, extensions.requestsHash.map { .bytes($0.bytes) },
        ]
        fields += later.prefix { $0 != nil }.compactMap { $0 }
        return RLPItem.list(fields).encoded
    }

    /// The block's hash.
    package var hash: EVMHash { EVMHash(of: encoded) }
}
