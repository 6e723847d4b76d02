package import Cryptography

/// One message that a wallet is asked to send.
package struct WalletMessage: Hashable, Sendable {
    /// The send mode: +1 pays fees separately, +2 ignores errors, 64 carries the inbound value, 128 carries the whole
    /// balance.
    package var mode: UInt8
    /// The message, whose source the chain fills in.
    package var message: InternalMessage

    /// A message to send.
    ///
    /// - Parameters:
    ///   - destination: the receiver.
    ///   - amount: the coins that it carries, in nanotons.
    ///   - bounce: whether it comes back when the receiver cannot accept it.
    ///   - body: its body; empty by default.
    ///   - stateInit: the state that deploys the receiver.
    ///   - mode: the send mode; 3 pays fees separately and ignores errors.
    /// - Throws: ``TONError``; with ``TONError/Code/malformedAddress`` for a destination on a workchain that does not
    ///   exist.
    package init(
        to destination: TONAddress,
        amount: UInt128,
        bounce: Bool,
        body: Cell? = nil,
        stateInit: StateInit? = nil,
        mode: UInt8 = 3
    ) throws(TONError) {
        guard destination.isOnExistingWorkchain else {
            throw TONError(.malformedAddress, "there are the workchains 0 and -1 only; money sent to another is lost")
        }
        self.mode = mode
        let content: Cell = if let body { body } else { try Cell.empty() }
        message = InternalMessage(
            bounce: bounce,
            destination: destination,
            value: amount,
            stateInit: stateInit,
            body: content
        )
    }
}

/// A signed request to a wallet, to be stored and then broadcast.
package struct SignedTransfer: Hashable, Sendable {
    /// The external message.
    package let cell: Cell
    /// The hash that does not depend on its encoding (TEP-467).
    package let normalizedHash: CellHash

    /// The message as a bag of cells.
    ///
    /// - Throws: ``TONError``.
    package func serialized() throws(TONError) -> [UInt8] { try cell.serialized() }
}

extension Wallet {
    /// Signs a request to send messages.
    ///
    /// - Parameters:
    ///   - messages: at least one; at most 4, or 255 for v5.
    ///   - seqno: the number that the wallet expects.
    ///   - validUntil: until when it can take effect, by block time in seconds since 1970.
    ///   - key: the key of this wallet.
    ///   - deploying: whether the wallet does not exist yet, so that the request has to carry its state.
    /// - Throws: ``TONError``; with ``TONError/Code/invalidKey`` when the key is another wallet's.
    /// - Returns: the signed request.
    package func sign(
        _ messages: [WalletMessage],
        seqno: UInt32,
        validUntil: UInt32,
        with key: Ed25519.PrivateKey,
        deploying: Bool
    ) throws(TONError) -> SignedTransfer {
        let content = try content(messages, seqno: seqno, validUntil: validUntil)
        return try request(content, signature: signature(of: content, with: key), deploying: deploying)
    }

    /// The content of a request to send messages: the cell whose hash is signed.
    ///
    /// There is no content that the network would refuse for its size, also when the request deploys the wallet.
    ///
    /// - Throws: ``TONError``; with ``TONError/Code/tooLarge`` beyond ``ExternalMessageLimits``.
    package func content(_ messages: [WalletMessage], seqno: UInt32, validUntil: UInt32) throws(TONError) -> Cell {
        let content = try request(messages, seqno: seqno, validUntil: validUntil, by: .outside).build()
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
        ExternalInMessage(
            destination: try address(),
            stateInit: deploying ? try stateInit() : nil,
            body: try body(content, signature)
        )
    }

    /// Signs a request that anybody may deliver to the wallet, and pay for, in an internal message; only v5 accepts
    /// these.
    ///
    /// - Throws: ``TONError``; with ``TONError/Code/invalidKey`` when the key is another wallet's.
    /// - Returns: the body of the message.
    package func signRelayed(
        _ messages: [WalletMessage],
        seqno: UInt32,
        validUntil: UInt32,
        with key: Ed25519.PrivateKey
    ) throws(TONError) -> Cell {
        guard version == .v5r1 else {
            throw TONError(.malformedStructure, "\(version) accepts only external requests")
        }
        let content = try request(messages, seqno: seqno, validUntil: validUntil, by: .relay).build()
        return try body(content, signature(of: content, with: key))
    }

    private func signature(of content: Cell, with key: Ed25519.PrivateKey) throws(TONError) -> [UInt8] {
        guard key.publicKey == publicKey else { throw TONError(.invalidKey, "the key is not this wallet's") }
        do { return try key.sign(content.hash.bytes) } catch { throw TONError(.invalidKey, error.description) }
    }

    private func body(_ content: Cell, _ signature: [UInt8]) throws(TONError) -> Cell {
        var body = CellBuilder()
        if version == .v5r1 {
            try body.store(content.slice())
            try body.store(bytes: signature)
        } else {
            try body.store(bytes: signature)
            try body.store(content.slice())
        }
        return try body.build()
    }

    private func request(
        _ messages: [WalletMessage],
        seqno: UInt32,
        validUntil: UInt32,
        by way: WalletRequest.Way
    ) throws(TONError) -> CellBuilder {
        guard (1...version.maximumMessages).contains(messages.count) else {
            throw TONError(.malformedStructure, "a request has 1 to \(version.maximumMessages) messages")
        }
        var builder = CellBuilder()
        if version == .v5r1 { try builder.store(uint: way.rawValue, bits: 32) }
        try builder.store(uint: walletID, bits: 32)
        // By the convention of wallet programs, a request that deploys has no end.
        try builder.store(uint: seqno == 0 ? .max : validUntil, bits: 32)
        try builder.store(uint: seqno, bits: 32)
        switch version {
        case .v3r2, .v4r2:
            if version == .v4r2 { try builder.store(uint: 0 as UInt8, bits: 8) }
            for message in messages {
                try builder.store(uint: message.mode, bits: 8)
                try builder.store(reference: message.message.cell())
            }
        case .v5r1:
            // External requests have to ignore errors (exit code 137).
            try builder.store(maybe: OutgoingActions.list(messages, mode: 2))
            try builder.store(bit: false)
        }
        return builder
    }
}

/// A request as a wallet contract reads it: for a fixture chain, and for checks.
package struct WalletRequest: Hashable, Sendable {
    /// How a request reaches the wallet; requests to v5 begin with the raw value.
    package enum Way: UInt32, Hashable, Sendable {
        /// In a message from outside.
        case outside = 0x7369_676E
        /// In an internal message of an account that pays for it; v5 only.
        case relay = 0x7369_6E74
    }

    /// The signature.
    package let signature: [UInt8]
    /// The signed hash.
    package let signedHash: CellHash
    /// The identifier that distinguishes wallets of one key.
    package let walletID: UInt32
    /// Until when it can take effect, in seconds since 1970.
    package let validUntil: UInt32
    /// The number of the request, which the wallet has to expect.
    package let seqno: UInt32
    /// The messages, in the order in which they are sent.
    package let messages: [OutgoingActions.Send]

    /// The number that a request has used, whatever else it asks for; nil when it cannot be read.
    package static func seqno(in body: Cell, version: WalletVersion) -> UInt32? {
        var slice = body.slice()
        do throws(TONError) {
            if version == .v5r1 {
                guard Way(rawValue: UInt32(truncatingIfNeeded: try slice.loadUInt(32))) != nil else { return nil }
            } else {
                try slice.skip(512)
            }
            try slice.skip(64)
            return UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        } catch { return nil }
    }

    /// Reads the body of a message to a wallet.
    ///
    /// - Throws: ``TONError``.
    package init(parsing body: Cell, version: WalletVersion, by way: Way = .outside) throws(TONError) {
        var slice = body.slice()
        let signature: [UInt8]
        let unsigned: Cell
        if version == .v5r1 {
            guard slice.remainingBits > 512 else {
                throw TONError(.malformedStructure, "a request ends in a signature")
            }
            var content = CellBuilder()
            while slice.remainingBits > 512 {
                let count = min(64, slice.remainingBits - 512)
                try content.store(uint: slice.loadUInt(count), bits: count)
            }
            signature = try slice.loadBytes(64)
            while slice.remainingReferences > 0 { try content.store(reference: slice.loadReference()) }
            unsigned = try content.build()
        } else {
            signature = try slice.loadBytes(64)
            unsigned = try slice.restAsCell()
        }
        try self.init(content: unsigned, signature: signature, version: version, by: way)
    }

    /// Reads the content of a request to a wallet: the cell whose hash is signed.
    ///
    /// - Parameters:
    ///   - content: the content.
    ///   - signature: the signature; empty while there is none.
    ///   - version: the wallet's contract.
    ///   - way: how the request reaches the wallet.
    /// - Throws: ``TONError``.
    package init(
        content: Cell,
        signature: [UInt8] = [],
        version: WalletVersion,
        by way: Way = .outside
    ) throws(TONError) {
        self.signature = signature
        signedHash = content.hash
        var slice = content.slice()
        if version == .v5r1, try slice.loadUInt(32) != UInt64(way.rawValue) {
            throw TONError(.malformedStructure, "the request is not a signed one")
        }
        walletID = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        validUntil = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        seqno = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        switch version {
        case .v3r2: messages = try Self.plainMessages(&slice)
        case .v4r2:
            guard try slice.loadUInt(8) == 0 else { throw TONError(.malformedStructure, "plugins are not supported") }
            messages = try Self.plainMessages(&slice)
        case .v5r1: messages = try OutgoingActions.messages(in: slice.loadMaybeReference())
        }
    }

    private static func plainMessages(_ slice: inout CellSlice) throws(TONError) -> [OutgoingActions.Send] {
        var messages: [OutgoingActions.Send] = []
        while slice.remainingReferences > 0 {
            let mode = UInt8(truncatingIfNeeded: try slice.loadUInt(8))
            messages.append(.init(mode: mode, cell: try slice.loadReference()))
        }
        return messages
    }
}
