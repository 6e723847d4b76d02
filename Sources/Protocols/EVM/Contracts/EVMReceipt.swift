/// The receipt of a chain transaction, as the block's receipts root covers it (EIP-658, EIP-2718).
package struct EVMReceipt: Hashable, Sendable {
    /// The type of the chain transaction.
    package let type: UInt8
    /// Whether it took effect; a failed one is in the block too, but moved nothing.
    package let isSuccess: Bool
    /// The gas that the block used up to this chain transaction, included.
    package let cumulativeGas: UInt64
    /// The logs of contracts.
    package let logs: [EVMLog]

    /// A receipt.
    package init(type: UInt8, isSuccess: Bool, cumulativeGas: UInt64, logs: [EVMLog]) {
        self.type = type
        self.isSuccess = isSuccess
        self.cumulativeGas = cumulativeGas
        self.logs = logs
    }

    /// The bloom filter over the logs.
    package var bloom: EVMBloom {
        var bloom = EVMBloom()
        for log in logs {
            bloom.insert(log.address.bytes)
            for topic in log.topics { bloom.insert(topic.bytes) }
        }
        return bloom
    }

    /// The encoding that the receipts root covers.
    package var encoded: [UInt8] {
        let body = RLPItem.list([
            .uint64(isSuccess ? 1 : 0), .uint64(cumulativeGas), .bytes(bloom.bytes), .list(logs.map(\.item)),
        ])
        return (type == 0 ? [] : [type]) + body.encoded
    }
}

/// A filter of 2048 bits that rules out entries of a block's logs (Yellow Paper, 4.3.1).
package struct EVMBloom: Hashable, Sendable {
    /// The 256 bytes.
    package private(set) var bytes: [UInt8]

    /// An empty filter.
    package init() {
        bytes = [UInt8](repeating: 0, count: 256)
    }

    /// A filter as a block carries it.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when it does not have 256 bytes.
    package init(bytes: [UInt8]) throws(EVMError) {
        guard bytes.count == 256 else { throw EVMError(.malformedStructure, "a bloom filter has 256 bytes") }
        self.bytes = bytes
    }

    /// Adds an address or a topic.
    package mutating func insert(_ entry: [UInt8]) {
        for bit in Self.bits(entry) { bytes[255 - bit / 8] |= 1 << UInt8(bit % 8) }
    }

    /// Whether an address or a topic may be in the filter; if false, it certainly is not.
    package func mayContain(_ entry: [UInt8]) -> Bool {
        Self.bits(entry).allSatisfy { bytes[255 - $0 / 8] & (1 << UInt8($0 % 8)) != 0 }
    }

    private static func bits(_ entry: [UInt8]) -> [Int] {
        let digest = EVMHash(of: entry).bytes
        return [0, 2, 4].map { (Int(digest[$0]) << 8 | Int(digest[$0 + 1])) & 2_047 }
    }
}
