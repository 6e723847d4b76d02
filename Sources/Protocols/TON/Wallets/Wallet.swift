package import Cryptography

/// A network of TON.
package enum TONNetwork: String, Hashable, Sendable, CaseIterable {
    /// The main network.
    case mainnet
    /// The test network.
    case testnet

    /// The number that distinguishes the networks in signatures.
    package var globalID: Int32 { self == .mainnet ? -239 : -3 }
}

/// A wallet: a contract that sends the messages that its key has signed.
package struct Wallet: Hashable, Sendable {
    /// The identifier of wallets v3 and v4 on the basechain; other workchains add theirs.
    package static let defaultID: UInt32 = 698_983_191

    /// The contract.
    package let version: WalletVersion
    /// The key that signs.
    package let publicKey: Ed25519.PublicKey
    /// The workchain.
    package let workchain: Int
    /// The identifier that distinguishes wallets of one key; a part of every signature.
    package let walletID: UInt32

    /// A wallet with an explicit identifier.
    package init(version: WalletVersion, publicKey: Ed25519.PublicKey, workchain: Int = 0, walletID: UInt32) {
        self.version = version
        self.publicKey = publicKey
        self.workchain = workchain
        self.walletID = walletID
    }

    /// The wallet that wallet programs create for a key.
    ///
    /// Subwallet 0 is the first one; v5 has at most 32,767.
    package init(
        version: WalletVersion,
        publicKey: Ed25519.PublicKey,
        workchain: Int = 0,
        network: TONNetwork,
        subwallet: UInt16 = 0
    ) {
        let id: UInt32
        switch version {
        case .v3r2, .v4r2:
            id = Self.defaultID &+ UInt32(bitPattern: Int32(workchain)) &+ UInt32(subwallet)
        case .v5r1:
            // wallet_id = global id XOR (1, workchain:int8, version:uint8, subwallet:uint15)
            let chain = UInt32(UInt8(bitPattern: Int8(truncatingIfNeeded: workchain)))
            let context = UInt32(1) << 31 | chain << 23 | UInt32(subwallet & 0x7FFF)
            id = UInt32(bitPattern: network.globalID) ^ context
        }
        self.init(version: version, publicKey: publicKey, workchain: workchain, walletID: id)
    }

    /// The initial state.
    ///
    /// - Throws: ``TONError``.
    package func stateInit() throws(TONError) -> StateInit {
        let data = WalletData(version: version, seqno: 0, walletID: walletID, publicKey: publicKey.bytes)
        return StateInit(code: version.code, data: try data.cell())
    }

    /// The account.
    ///
    /// - Throws: ``TONError``.
    package func address() throws(TONError) -> TONAddress {
        try stateInit().address(workchain: workchain)
    }
}

/// The data cell of a wallet.
package struct WalletData: Hashable, Sendable {
    /// The contract.
    package var version: WalletVersion
    /// The number that the next request has to carry.
    package var seqno: UInt32
    /// The identifier that distinguishes wallets of one key.
    package var walletID: UInt32
    /// The 32 bytes of the key that signs.
    package var publicKey: [UInt8]

    /// The data of a wallet.
    package init(version: WalletVersion, seqno: UInt32, walletID: UInt32, publicKey: [UInt8]) {
        self.version = version
        self.seqno = seqno
        self.walletID = walletID
        self.publicKey = publicKey
    }

    /// Reads the data cell of a wallet.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell, version: WalletVersion) throws(TONError) {
        var slice = cell.slice()
        if version == .v5r1 { try slice.skip(1) }
        self.version = version
        seqno = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        walletID = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        publicKey = try slice.loadBytes(32)
    }

    /// The data cell: without plugins and extensions, and with signatures allowed.
    ///
    /// - Throws: ``TONError`` when the key does not have 32 bytes.
    package func cell() throws(TONError) -> Cell {
        guard publicKey.count == 32 else { throw TONError(.invalidKey, "a wallet's key has 32 bytes") }
        var builder = CellBuilder()
        if version == .v5r1 { try builder.store(bit: true) }
        try builder.store(uint: seqno, bits: 32)
        try builder.store(uint: walletID, bits: 32)
        try builder.store(bytes: publicKey)
        if version != .v3r2 { try builder.store(bit: false) }
        return try builder.build()
    }
}
