package import Cryptography

/// The number of a request to a highload wallet: a group of 13 bits and a place of 0 to 1,022 in it.
///
/// The wallet takes numbers in any order, and remembers each for as long as a request with it is valid.
package struct HighloadQuery: Hashable, Sendable {
    /// The number of places in a group: a cell's bits.
    package static let places: UInt16 = 1_023
    /// The count of numbers, which begin again after the last one.
    package static let count: UInt64 = 8_192 * UInt64(places)

    /// The group, called `shift` in the contract.
    package let group: UInt16
    /// The place in the group, called `bit_number` in the contract.
    package let place: UInt16

    /// The number at a position of the endless series.
    package init(sequence: UInt64) {
        let position = sequence % Self.count
        group = UInt16(position / UInt64(Self.places))
        place = UInt16(position % UInt64(Self.places))
    }

    /// The number's position in the first round of the series, below ``count``.
    package var position: UInt64 { UInt64(group) * UInt64(Self.places) + UInt64(place) }

    init(group: UInt16, place: UInt16) throws(TONError) {
        guard group < 8_192, place < Self.places else {
            throw TONError(.malformedStructure, "the number of a request is out of range")
        }
        self.group = group
        self.place = place
    }
}

/// A highload wallet, version 3, which takes many requests in any order, each with a number and an end
/// (github.com/ton-blockchain/highload-wallet-contract-v3).
package struct HighloadWallet: Hashable, Sendable {
    /// The identifier that the contract's authors recommend.
    package static let usualID: UInt32 = 0x10AD
    /// The most messages of one request; with one more, the list of actions would be too long.
    package static let maximumMessages = 254
    /// The nanotons in the wallet's message to itself: more than reading the list costs; the rest stays in the wallet.
    static let carriedValue: UInt128 = 50_000_000

    /// The key that signs.
    package let publicKey: Ed25519.PublicKey
    /// The identifier that distinguishes wallets of one key.
    package let walletID: UInt32
    /// For how many seconds after its creation a request is valid; a part of the address, of 22 bits.
    package let timeout: UInt32
    /// The workchain.
    package let workchain: Int

    /// A wallet.
    package init(publicKey: Ed25519.PublicKey, walletID: UInt32 = usualID, timeout: UInt32, workchain: Int = 0) {
        self.publicKey = publicKey
        self.walletID = walletID
        self.timeout = timeout
        self.workchain = workchain
    }

    /// The initial state.
    ///
    /// - Throws: ``TONError``.
    package func stateInit() throws(TONError) -> StateInit {
        let data = HighloadWalletData(publicKey: publicKey.bytes, walletID: walletID, timeout: timeout)
        return StateInit(code: Self.code, data: try data.cell())
    }

    /// The account.
    ///
    /// - Throws: ``TONError``.
    package func address() throws(TONError) -> TONAddress { try stateInit().address(workchain: workchain) }

    /// The contract's code.
    package static let code: Cell = {
        do { return try BagOfCells.root(ofText: codeText) } catch {
            preconditionFailure("the code of a wallet that is part of this program cannot be read: \(error)")
        }
    }()

    // The published code as a bag of cells; the tests compare its hash with the published one.
    private static let codeText = """
        te6cckECEAEAAigAART/APSkE/S88sgLAQIBIAINAgFIAwQAeNAg10vAAQHAYLCRW+EB0NMDAXGwkVvg+kAw+CjHBbORMODTHwGCEK5C5aS6nY\
        BA1yHXTPgqAe1V+wTgMAIBIAUKAgJzBgcAEa3OdqJoa4X/wAIBIAgJABqrtu1E0IEBItch1ws/ABiqO+1E0IMH1yHXCx8CASALDAAbuabu1E0I\
        EBYtch1wsVgA5bi/Ltou37IasJAoQJsO1E0IEBINch9AT0BNM/0xXRBY4b+CMloVIQuZ8ybfgjBaoAFaESuZIwbd6SMDPikjAz4lIwgA30D2+h\
        ntAh1yHXCgCVXwN/2zHgkTDiWYAN9A9voZzQAdch1woAk3/bMeCRW+JwgB9vLUgwjXGNEh+QDtRNDT/9Mf9AT0BNM/0xXR+CMhoVIguY4SM234\
        IySqAKESuZJtMt5Y+CMB3lQWdfkQ8qEG0NMf1NMH0wzTCdM/0xXRUWi68qJRWrrypvgjKqFSULzyowT4I7vyo1MEgA30D2+hmdAk1yHXCgDyZJ\
        Ew4g4B/lMJgA30D2+hjhPQUATXGNIAAfJkyFjPFs+DAc8WjhAwyCTPQM+DhAlQBaGlFM9A4vgAyUA5gA30FwTIy/8Tyx/0ABL0ABLLPxLLFcnt\
        VPgPIdDTAAHyZdMCAXGwkl8D4PpAAdcLAcAA8qX6QDH6ADH0AfoAMfoAMYBg1yHTAAEPACDyZdIAAZPUMdGRMOJysfsAtYW/Aw==
        """
}

extension HighloadWallet {
    /// Signs a request to send messages.
    ///
    /// A single message is sent directly. Several are sent through a message of the wallet to itself, which carries the
    /// list.
    ///
    /// - Parameters:
    ///   - messages: 1 to 254, without a state of the receiver.
    ///   - sequence: the request's place in the wallet's series, which determines its number. The message to the wallet
    ///     itself carries it as its query identifier.
    ///   - createdAt: when the request was made, in seconds since 1970 and not after the next block's time. It is valid
    ///     for the wallet's timeout.
    ///   - key: the key of this wallet.
    ///   - deploying: whether the wallet does not exist yet, so that the request has to carry its state.
    /// - Throws: ``TONError``.
    /// - Returns: the signed request.
    package func sign(
        _ messages: [WalletMessage],
        sequence: UInt64,
        createdAt: UInt64,
        with key: Ed25519.PrivateKey,
        deploying: Bool
    ) throws(TONError) -> SignedTransfer {
        guard key.publicKey == publicKey else { throw TONError(.invalidKey, "the key is not this wallet's") }
        let content = try content(messages, sequence: sequence, createdAt: createdAt)
        let signature: [UInt8]
        do { signature = try key.sign(content.hash.bytes) } catch { throw TONError(.invalidKey, error.description) }
        return try request(content, signature: signature, deploying: deploying)
    }

    /// The content of a request to send messages: the cell whose hash is signed.
    ///
    /// There is no content that the network would refuse for its size, also when the request deploys the wallet.
    ///
    /// - Throws: ``TONError``; with ``TONError/Code/tooLarge`` beyond ``ExternalMessageLimits``.
    package func content(
        _ messages: [WalletMessage],
        sequence: UInt64,
        createdAt: UInt64
    ) throws(TONError) -> Cell {
        guard let first = messages.first, messages.count <= Self.maximumMessages else {
            throw TONError(.malformedStructure, "a request has 1 to \(Self.maximumMessages) messages")
        }
        guard messages.allSatisfy({ $0.message.stateInit == nil }) else {
            throw TONError(.malformedStructure, "a highload wallet sends no states")
        }
        let content = try HighloadRequest.content(
            of: messages.count == 1 ? first : try toItself(messages, sequence: sequence),
            query: HighloadQuery(sequence: sequence),
            walletID: walletID,
            createdAt: createdAt,
            timeout: timeout
        )
        // Every signature has the same size.
        let unsigned = [UInt8](repeating: 0, count: 64)
        try ExternalMessageLimits.check(external(content, unsigned, deploying: true).cell())
        return content
    }

    /// The request with some content and the signature of its hash.
    ///
    /// - Throws: ``TONError``; with ``TONError/Code/invalidKey`` when the signature is not one of the wallet's key.
    package func request(
        _ content: Cell,
        signature: [UInt8],
        deploying: Bool
    ) throws(TONError) -> SignedTransfer {
        guard publicKey.isValid(signature: signature, for: content.hash.bytes) else {
            throw TONError(.invalidKey, "the signature is not this wallet's")
        }
        let external = try external(content, signature, deploying: deploying)
        return SignedTransfer(cell: try external.cell(), normalizedHash: try external.normalizedHash())
    }

    private func external(
        _ content: Cell,
        _ signature: [UInt8],
        deploying: Bool
    ) throws(TONError) -> ExternalInMessage {
        var body = CellBuilder()
        try body.store(bytes: signature)
        try body.store(reference: content)
        return ExternalInMessage(
            destination: try address(),
            stateInit: deploying ? try stateInit() : nil,
            body: try body.build()
        )
    }

    private func toItself(_ messages: [WalletMessage], sequence: UInt64) throws(TONError) -> WalletMessage {
        var body = CellBuilder()
        try body.store(uint: MessageBody.Op.highloadTransfer, bits: 32)
        try body.store(uint: sequence, bits: 64)
        try body.store(reference: OutgoingActions.list(messages))
        return try WalletMessage(
            to: address(),
            amount: Self.carriedValue,
            bounce: false,
            body: body.build(),
            mode: 1
        )
    }
}
