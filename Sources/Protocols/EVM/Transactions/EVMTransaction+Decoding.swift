import BigInt

/// Strict decoding, so that the hash of the decoded chain transaction is that of the received bytes.
extension EVMTransaction {
    /// Reads a signed chain transaction in the form in which it is sent and stored in blocks.
    ///
    /// A blob transaction may come with its blobs, as between nodes; only the part that belongs to the block is read.
    ///
    /// - Throws: ``EVMError``; with ``EVMError/Code/invalidSignature`` when a half of the signature is zero or not
    ///   below the group's order, or S is in the upper half (EIP-2).
    package init(decoding raw: [UInt8]) throws(EVMError) {
        guard let first = raw.first else { throw EVMError(.malformedStructure, "a chain transaction is not empty") }
        guard first < 0xC0 else {
            try self.init(legacy: DecodedRLP(raw).list("transaction"))
            return
        }
        guard (1...4).contains(first) else {
            throw EVMError(.malformedStructure, "there is no type \(first) of chain transactions")
        }
        var fields = try DecodedRLP(Array(raw.dropFirst())).list("transaction")
        if first == 3, let body = fields.first, body.isList {
            guard fields.count == 4 || fields.count == 5 else {
                throw EVMError(.malformedStructure, "a blob transaction comes with blobs, commitments and proofs")
            }
            fields = try body.list("transaction")
        }
        try self.init(type: first, fields)
    }

    /// Reads the bytes that are signed of a chain transaction of type 2 (EIP-1559).
    ///
    /// - Throws: ``EVMError``, also when the bytes are not exactly what ``signingBytes`` writes.
    package init(unsigned bytes: [UInt8]) throws(EVMError) {
        guard bytes.first == 2 else {
            throw EVMError(.malformedStructure, "only chain transactions of type 2 are read")
        }
        let fields = try DecodedRLP(Array(bytes.dropFirst())).list("transaction")
        guard fields.count == 9 else { throw EVMError(.malformedStructure, "an unsigned transaction has 9 fields") }
        try self.init(type: 2, unsigned: fields)
        guard signingBytes == bytes else { throw EVMError(.malformedStructure, "the bytes are another form of it") }
    }

    private init(legacy fields: [DecodedRLP]) throws(EVMError) {
        guard fields.count == 9 else { throw EVMError(.malformedStructure, "a legacy transaction has 9 fields") }
        let v = try fields[6].integer("v")
        let chainID: UInt64?
        let isOdd: Bool
        if v == 27 || v == 28 {
            (chainID, isOdd) = (nil, v == 28)
        } else {
            guard v >= 37, let chain = UInt64(exactly: (v - 35) / 2) else {
                throw EVMError(.invalidSignature, "'v' is 27, 28, or 35 and twice the chain")
            }
            (chainID, isOdd) = (chain, (v - 35) % 2 == 1)
        }
        self.init(
            kind: .legacy,
            chainID: chainID,
            nonce: try Self.nonce(fields[0]),
            fee: .price(try fields[1].integer("gasPrice")),
            gasLimit: try fields[2].uint64("gasLimit"),
            to: try Self.destination(fields[3]),
            value: try fields[4].integer("value"),
            data: try fields[5].bytes("data")
        )
        signature = try EVMSignature(checkedOdd: isOdd, r: fields[7].integer("r"), s: fields[8].integer("s"))
    }

    private init(type: UInt8, _ fields: [DecodedRLP]) throws(EVMError) {
        let counts: [UInt8: Int] = [1: 11, 2: 12, 3: 14, 4: 13]
        guard let count = counts[type], fields.count == count else {
            throw EVMError(.malformedStructure, "a transaction of type \(type) has \(counts[type] ?? 0) fields")
        }
        try self.init(type: type, unsigned: Array(fields.dropLast(3)))
        signature = try EVMSignature(fields.suffix(3).map { $0 })
    }

    private init(type: UInt8, unsigned fields: [DecodedRLP]) throws(EVMError) {
        let chainID = try fields[0].uint64("chainId")
        let nonce = try Self.nonce(fields[1])
        let fee: Fee
        if type == 1 {
            fee = .price(try fields[2].integer("gasPrice"))
        } else {
            let (priority, maximum) = (
                try fields[2].integer("maxPriorityFeePerGas"), try fields[3].integer("maxFeePerGas")
            )
            guard priority <= maximum else {
                throw EVMError(.malformedStructure, "'maxPriorityFeePerGas' is at most 'maxFeePerGas'")
            }
            fee = .dynamic(maximum: maximum, priority: priority)
        }
        let rest = fields[(type == 1 ? 3 : 4)...].map { $0 }
        self.init(
            kind: try Self.kind(type, Array(rest.dropFirst(5))),
            chainID: chainID,
            nonce: nonce,
            fee: fee,
            gasLimit: try rest[0].uint64("gasLimit"),
            to: try Self.destination(rest[1]),
            value: try rest[2].integer("value"),
            data: try rest[3].bytes("data"),
            accessList: try Self.accessList(rest[4])
        )
        guard type < 3 || to != nil else {
            throw EVMError(.malformedStructure, "a transaction of type \(type) cannot create a contract")
        }
    }

    private static func kind(_ type: UInt8, _ fields: [DecodedRLP]) throws(EVMError) -> Kind {
        switch type {
        case 1: return .accessList
        case 2: return .dynamicFee
        case 3:
            var hashes: [EVMHash] = []
            for item in try fields[1].list("blobVersionedHashes") {
                hashes.append(try EVMHash(bytes: item.bytes("blobVersionedHash")))
            }
            return .blob(maximumFee: try fields[0].integer("maxFeePerBlobGas"), hashes: hashes)
        default:
            var authorizations: [EVMAuthorization] = []
            for item in try fields[0].list("authorizationList") { authorizations.append(try EVMAuthorization(item)) }
            return .setCode(authorizations)
        }
    }

    /// EIP-2681: the highest nonce is never used.
    private static func nonce(_ item: DecodedRLP) throws(EVMError) -> UInt64 {
        let nonce = try item.uint64("nonce")
        guard nonce < .max else { throw EVMError(.malformedStructure, "'nonce' is below 2^64 - 1") }
        return nonce
    }

    private static func destination(_ item: DecodedRLP) throws(EVMError) -> EVMAddress? {
        let bytes = try item.bytes("to")
        return bytes.isEmpty ? nil : try EVMAddress(bytes: bytes)
    }

    private static func accessList(_ item: DecodedRLP) throws(EVMError) -> [Access] {
        var list: [Access] = []
        for entry in try item.list("accessList") {
            let parts = try entry.list("access")
            guard parts.count == 2 else { throw EVMError(.malformedStructure, "an access has an address and slots") }
            var keys: [EVMHash] = []
            for key in try parts[1].list("storageKeys") { keys.append(try EVMHash(bytes: key.bytes("storageKey"))) }
            list.append(Access(address: try EVMAddress(bytes: parts[0].bytes("address")), storageKeys: keys))
        }
        return list
    }
}

extension EVMAuthorization {
    init(_ item: DecodedRLP) throws(EVMError) {
        let fields = try item.list("authorization")
        guard fields.count == 6 else { throw EVMError(.malformedStructure, "an authorization has 6 fields") }
        chainID = try fields[0].integer("chainId")
        address = try EVMAddress(bytes: fields[1].bytes("address"))
        nonce = try fields[2].uint64("nonce")
        let parity = try fields[3].uint64("yParity")
        guard parity <= 1 else { throw EVMError(.invalidSignature, "'yParity' is 0 or 1") }
        // The chain decides whether it is valid; an invalid one has no effect there.
        signature = EVMSignature(
            isOdd: parity == 1,
            r: try fields[4].integer("r"),
            s: try fields[5].integer("s")
        )
    }
}

extension EVMSignature {
    /// The order of secp256k1's group.
    static let order = BigUInt("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", radix: 16) ?? 0

    init(_ fields: [DecodedRLP]) throws(EVMError) {
        let parity = try fields[0].uint64("yParity")
        guard parity <= 1 else { throw EVMError(.invalidSignature, "'yParity' is 0 or 1") }
        try self.init(checkedOdd: parity == 1, r: fields[1].integer("r"), s: fields[2].integer("s"))
    }

    /// A signature whose halves are checked for their ranges.
    init(checkedOdd isOdd: Bool, r: BigUInt, s: BigUInt) throws(EVMError) {
        self.init(isOdd: isOdd, r: r, s: s)
        guard !r.isZero, r < Self.order, !s.isZero, s <= Self.order / 2 else {
            throw EVMError(.invalidSignature, "r and s lie below the group's order, and s in its lower half (EIP-2)")
        }
    }
}
