public import BigInt

/// A chain transaction of an EVM chain, signed or not.
///
/// Types 0 (legacy, EIP-155), 1 (EIP-2930), 2 (EIP-1559), 3 (EIP-4844) and 4 (EIP-7702).
public struct EVMTransaction: Hashable, Sendable {
    /// What a chain transaction pays for its gas, in wei a unit of gas.
    public enum Fee: Hashable, Sendable {
        /// One price for all (types 0 and 1).
        case price(BigUInt)
        /// At most so much, of which so much at most goes to the block's maker (types 2, 3 and 4).
        case dynamic(maximum: BigUInt, priority: BigUInt)
    }

    /// What belongs to one type only.
    public enum Kind: Hashable, Sendable {
        /// Type 0.
        case legacy
        /// Type 1.
        case accessList
        /// Type 2.
        case dynamicFee
        /// Type 3: the most that is paid for a unit of blob gas, and the versioned hashes of the blobs.
        case blob(maximumFee: BigUInt, hashes: [EVMHash])
        /// Type 4: accounts that take over a contract's code.
        case setCode([EVMAuthorization])

        /// The number of the type.
        public var number: UInt8 {
            switch self {
            case .legacy: 0
            case .accessList: 1
            case .dynamicFee: 2
            case .blob: 3
            case .setCode: 4
            }
        }
    }

    /// An account and the storage slots of it that are announced (EIP-2930).
    public struct Access: Hashable, Sendable {
        /// The account.
        public let address: EVMAddress
        /// The slots.
        public let storageKeys: [EVMHash]

        /// An account and its slots.
        public init(address: EVMAddress, storageKeys: [EVMHash]) {
            self.address = address
            self.storageKeys = storageKeys
        }
    }

    /// The type and what belongs to it.
    public var kind: Kind
    /// The chain; none for a legacy one from before EIP-155, which every chain takes.
    public var chainID: UInt64?
    /// How many the sender has sent before.
    public var nonce: UInt64
    /// What it pays for its gas.
    public var fee: Fee
    /// The most gas that it may use.
    public var gasLimit: UInt64
    /// Where it goes; none to make a contract.
    public var to: EVMAddress?
    /// How much it carries, in wei.
    public var value: BigUInt
    /// What it says to a contract.
    public var data: [UInt8]
    /// The accounts and slots that are announced.
    public var accessList: [Access]
    /// The signature, if it is signed.
    public var signature: EVMSignature?

    /// A chain transaction that is not signed yet.
    public init(
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
public struct EVMSignature: Hashable, Sendable {
    /// Whether the nonce's point has an odd y.
    public let isOdd: Bool
    /// The first half.
    public let r: BigUInt
    /// The second half.
    public let s: BigUInt

    /// A signature.
    public init(isOdd: Bool, r: BigUInt, s: BigUInt) {
        self.isOdd = isOdd
        self.r = r
        self.s = s
    }
}

/// An account's word that it takes over a contract's code (EIP-7702).
public struct EVMAuthorization: Hashable, Sendable {
    /// The chain; 0 for any.
    public let chainID: BigUInt
    /// The contract.
    public let address: EVMAddress
    /// The account's nonce.
    public let nonce: UInt64
    /// The account's signature.
    public let signature: EVMSignature

    /// An account's word.
    public init(chainID: BigUInt, address: EVMAddress, nonce: UInt64, signature: EVMSignature) {
        self.chainID = chainID
        self.address = address
        self.nonce = nonce
        self.signature = signature
    }
}
