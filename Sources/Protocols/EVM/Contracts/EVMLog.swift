package import BigInt

/// A log entry that a contract wrote into a receipt.
package struct EVMLog: Hashable, Sendable {
    /// The contract.
    package let address: EVMAddress
    /// Up to four topics; the first is the digest of the event's signature.
    package let topics: [EVMHash]
    /// The data that is not indexed.
    package let data: [UInt8]

    /// A log entry.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when there are more than four topics.
    package init(address: EVMAddress, topics: [EVMHash], data: [UInt8]) throws(EVMError) {
        guard topics.count <= 4 else { throw EVMError(.malformedStructure, "a log has at most four topics") }
        self.address = address
        self.topics = topics
        self.data = data
    }

    var item: RLPItem {
        .list([.bytes(address.bytes), .list(topics.map { .bytes($0.bytes) }), .bytes(data)])
    }
}

/// A transfer of a token as its contract has written it (ERC-20).
package struct ERC20Transfer: Hashable, Sendable {
    /// `keccak256("Transfer(address,address,uint256)")`.
    package static let topic = EVMHash(of: Array("Transfer(address,address,uint256)".utf8))

    /// The token's contract.
    package let token: EVMAddress
    /// The sender.
    package let from: EVMAddress
    /// The receiver.
    package let to: EVMAddress
    /// The amount in smallest units.
    package let amount: BigUInt

    /// Reads a log.
    ///
    /// A transfer of ERC-721 has the same first topic and one topic more, so that there have to be three topics.
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when it is no transfer of an ERC-20 token.
    package init(_ log: EVMLog) throws(EVMError) {
        guard log.topics.count == 3, log.topics[0] == Self.topic, log.data.count == 32 else {
            throw EVMError(.malformedStructure, "an ERC-20 transfer has its topic, two addresses and 32 bytes of data")
        }
        token = log.address
        from = try Self.address(log.topics[1])
        to = try Self.address(log.topics[2])
        amount = BigUInt(bytes: log.data)
    }

    private static func address(_ topic: EVMHash) throws(EVMError) -> EVMAddress {
        guard topic.bytes.prefix(12).allSatisfy({ $0 == 0 }) else {
            throw EVMError(.malformedStructure, "an address in a topic has twelve zero bytes before it")
        }
        return try EVMAddress(bytes: Array(topic.bytes.suffix(20)))
    }
}
