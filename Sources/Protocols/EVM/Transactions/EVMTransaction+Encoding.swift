package import BigInt

/// Encoding: the bytes to sign, and the bytes to send.
extension EVMTransaction {
    /// The bytes whose Keccak-256 digest is signed.
    package var signingBytes: [UInt8] {
        guard case .legacy = kind else { return [kind.number] + RLPItem.list(typedFields).encoded }
        var fields = legacyFields
        // EIP-155: the chain is signed in place of the signature.
        if let chainID { fields += [.uint64(chainID), .bytes([]), .bytes([])] }
        return RLPItem.list(fields).encoded
    }

    /// The bytes to send; nil without a signature.
    package var raw: [UInt8]? {
        guard let signature else { return nil }
        let halves: [RLPItem] = [.integer(signature.r), .integer(signature.s)]
        guard case .legacy = kind else {
            let fields = typedFields + [.uint64(signature.isOdd ? 1 : 0)] + halves
            return [kind.number] + RLPItem.list(fields).encoded
        }
        let base = chainID.map { BigUInt($0) * 2 + 35 } ?? 27
        return RLPItem.list(legacyFields + [.integer(base + (signature.isOdd ? 1 : 0))] + halves).encoded
    }

    /// The identifier of the chain transaction; nil without a signature.
    package var hash: EVMHash? { raw.map(EVMHash.init(of:)) }

    private var legacyFields: [RLPItem] {
        [.uint64(nonce), .integer(fee.maximum), .uint64(gasLimit), destination, .integer(value), .bytes(data)]
    }

    private var typedFields: [RLPItem] {
        var fields: [RLPItem] = [.uint64(chainID ?? 0), .uint64(nonce)]
        switch fee {
        case .price(let price): fields.append(.integer(price))
        case .dynamic(let maximum, let priority): fields += [.integer(priority), .integer(maximum)]
        }
        fields += [.uint64(gasLimit), destination, .integer(value), .bytes(data)]
        fields.append(
            .list(
                accessList.map { access in
                    .list([.bytes(access.address.bytes), .list(access.storageKeys.map { .bytes($0.bytes) })])
                }
            )
        )
        switch kind {
        case .legacy, .accessList, .dynamicFee: break
        case .blob(let maximumFee, let hashes):
            fields += [.integer(maximumFee), .list(hashes.map { .bytes($0.bytes) })]
        case .setCode(let authorizations): fields.append(.list(authorizations.map(\.item)))
        }
        return fields
    }

    private var destination: RLPItem { .bytes(to?.bytes ?? []) }
}

extension EVMTransaction.Fee {
    /// The most that a unit of gas may cost, in wei.
    package var maximum: BigUInt {
        switch self {
        case .price(let price): price
        case .dynamic(let maximum, _): maximum
        }
    }

    /// The price of a unit of gas in a block (EIP-1559), in wei.
    package func price(baseFee: BigUInt) -> BigUInt {
        switch self {
        case .price(let price): price
        case .dynamic(let maximum, let priority): min(maximum, baseFee + priority)
        }
    }
}

extension EVMAuthorization {
    var item: RLPItem {
        .list([
            .integer(chainID), .bytes(address.bytes), .uint64(nonce), .uint64(signature.isOdd ? 1 : 0),
            .integer(signature.r), .integer(signature.s),
        ])
    }
}
