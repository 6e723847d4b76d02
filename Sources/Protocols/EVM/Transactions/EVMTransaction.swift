package import BigInt

/// A chain transaction of an EVM chain, signed or not.
///
/// Types 0 (legacy, EIP-155), 1 (EIP-2930), 2 (EIP-1559), 3 (EIP-4844) and 4 (EIP-7702).
package struct EVMTransaction: Hashable, Sendable {
    /// The price that a chain transaction pays for its gas, in wei per unit of gas.
    package enum Fee: Hashable, Sendable {
        /// One price for all (types 0 and 1).
        case price(BigUInt)
        /// A maximum price, and the maximum part of it for the block's maker (types 2, 3 and 4).
        case dynamic(maximum: BigUInt, priority: BigUInt)
    }

    /// The type, with the fields that only this type has.
    package enum Kind: Hashable, Sendable {
        /// Type 0.
        case legacy
        /// Type 1.
        case accessList
        /// Type 2.
        case dynamicFee
        /// Type 3: the maximum price for a unit of blob gas, and the versioned hashes of the blobs.
        case blob(maximumFee: BigUInt, hashes: [EVMHash])
        /// Type 4: accounts that take over a contract's code.
        case setCode([EVMAuthorization])

        /// The number of the type.
        package var number: UInt8 {
            switch self {
            case .legacy: 0
            case .accessList: 1
            case .dynamicFee: 2
            case .blob: 3
            case .setCode: 4
            }
        }
    }

    /// An account and its announced storage slots (EIP-2930).
    package struct Access: Hashable, Sendable {
        /// The account.
        package let address: EVMAddress
        /// The slots.
        package let storageKeys: [EVMHash]

        /// An account and its slots.
        package init(address: EVMAddress, storageKeys: [EVMHash]) {
            self.address = address
            self.storageKeys = storageKeys
        }
    }

    /// The type, with its own fields.
    package var kind: Kind
    /// The chain; nil for a legacy one from before EIP-155, which every chain accepts.
    package var chainID: UInt64?
    /// The number of chain transactions that the sender has sent before.
    package var nonce: UInt64
    /// The price for its gas.
    package var fee: Fee
    /// The most gas that it may use.
    package var gasLimit: UInt64
    /// The receiver; nil to create a contract.
    package var to: EVMAddress?
    /// The value that it carries, in wei.
    package var value: BigUInt
    /// The input for a contract.
    package var data: [UInt8]
    /// The announced accounts and slots.
    package var accessList: [Access]
    /// The signature, if it is signed.
    package var signature: EVMSignature?

    /// A chain transaction that is not signed yet.
    package init(
        kind: Kind,
        chainID: UInt64?,
        nonce: UInt64,
        fee: Fee,
        gasLimit: UInt64,
        to: EVMAddress?,
        value: BigUInt,
        data: [UInt8] = [],
        accessList: [Access] = []
    ) {
        self.kind = kind
        self.chainID = chainID
        self.nonce = nonce
        self.fee = fee
        self.gasLimit = gasLimit
        self.to = to
        self.value = value
        self.data = data
        self.accessList = accessList
    }
}

/// A signature as a chain transaction carries it.
package struct EVMSignature: Hashable, Sendable {
    /// Whether the nonce's point has an odd y.
    package let isOdd: Bool
    /// The first half.
    package let r: BigUInt
    /// The second half.
    package let s: BigUInt

    /// A signature.
    package init(isOdd: Bool, r: BigUInt, s: BigUInt) {
        self.isOdd = isOdd
        self.r = r
        self.s = s
    }
}

/// An account's signed authorisation to take over a contract's code (EIP-7702).
package struct EVMAuthorization: Hashable, Sendable {
    /// The chain; 0 for any.
    package let chainID: BigUInt
    /// The contract.
    package let address: EVMAddress
    /// The account's nonce.
    package let nonce: UInt64
    /// The account's signature.
    package let signature: EVMSignature

    /// An authorisation.
    package init(chainID: BigUInt, address: EVMAddress, nonce: UInt64, signature: EVMSignature) {
        self.chainID = chainID
        self.address = address
        self.nonce = nonce
        self.signature = signature
    }
}
