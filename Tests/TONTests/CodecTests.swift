import Cryptography
import Seams
import TON
import Testing

/// Trees of cells from a seed.
struct CellForest {
    private let random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    func cell(depth: Int = 4) throws -> Cell {
        var builder = CellBuilder()
        for _ in 0..<(random.next() % 12) { try builder.store(uint: random.next() >> 1, bits: 63) }
        if depth > 0 {
            for _ in 0..<(random.next() % 4) { try builder.store(reference: cell(depth: depth - 1)) }
        }
        return try builder.build()
    }

    func next() -> UInt64 { random.next() }
}

@Suite("Cells and bags of cells")
struct BagTests {
    @Test("an empty cell has the well-known hash")
    func empty() throws {
        #expect(
            try Cell.empty().hash.description == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        )
    }

    @Test(
        "a bag in every form is read as the tree that was written",
        arguments: [(false, false), (false, true), (true, false), (true, true)]
    )
    func roundTrip(index: Bool, checksum: Bool) throws {
        let seed: UInt64 = 11
        let forest = CellForest(seed: seed)
        for _ in 0..<100 {
            let cell = try forest.cell()
            let bytes = try BagOfCells.serialize([cell], withIndex: index, withChecksum: checksum)
            #expect(try BagOfCells.root(of: bytes) == cell, "seed \(seed)")
        }
    }

    @Test("a cell that a bag writes twice is one cell")
    func repeatedCell() throws {
        // Three cells: the root, and twice the empty one that it refers to.
        let bytes: [UInt8] = [0xB5, 0xEE, 0x9C, 0x72, 1, 1, 3, 1, 0, 8, 0, 2, 0, 1, 2, 0, 0, 0, 0]
        let bag = try BagOfCells(parsing: bytes)
        #expect(bag.cellCount == 3)
        #expect(bag.distinctCellCount == 2)
    }

    @Test("a bag is read without its index, which some writers fill wrongly")
    func wrongIndex() throws {
        let cell = try Cell.make { builder throws(TONError) in try builder.store(reference: .empty()) }
        let bytes = try BagOfCells.serialize([cell], withIndex: true, withChecksum: false)
        // Magic, flags, width of offsets, four counts and the root: the index begins after eleven bytes.
        var wrong = bytes
        (wrong[11], wrong[12]) = (0, bytes[11])
        #expect(wrong != bytes)
        #expect(try BagOfCells.root(of: wrong) == cell)
    }

    @Test("a bag that breaks a rule is refused")
    func malformed() throws {
        let cell = try CellForest(seed: 12).cell()
        let bytes = try BagOfCells.serialize([cell])
        #expect(throws: TONError.self) { try BagOfCells.root(of: []) }
        #expect(throws: TONError.self) { try BagOfCells.root(of: Array(bytes.dropLast())) }
        #expect(throws: TONError.self) { try BagOfCells.root(of: bytes + [0]) }
        #expect(throws: TONError.self) { try BagOfCells.root(of: bytes.enumerated().map { $0 == 20 ? ~$1 : $1 }) }
        // One cell that refers to itself: b5ee9c72, sizes of one byte, 1 cell, 1 root, 0 absent, 3 bytes.
        let cycle: [UInt8] = [0xB5, 0xEE, 0x9C, 0x72, 1, 1, 1, 1, 0, 3, 0, 1, 0, 0]
        #expect(throws: TONError.self) { try BagOfCells.root(of: cycle) }
        // A header that claims four billion cells.
        let huge: [UInt8] = [
            0xB5, 0xEE, 0x9C, 0x72, 4, 1, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        ]
        #expect(throws: TONError.self) { try BagOfCells.root(of: huge) }
    }

    @Test("a tree that is too deep is refused, and a deep one can be released")
    func depth() throws {
        var cell = try Cell.empty()
        for _ in 0..<1_024 { cell = try Cell.make { builder throws(TONError) in try builder.store(reference: cell) } }
        #expect(cell.depth == 1_024)
        #expect(throws: TONError.self) {
            try Cell.make { builder throws(TONError) in try builder.store(reference: cell) }
        }
        let again = try BagOfCells.root(of: cell.serialized())
        #expect(again == cell)
    }

    @Test("no change in a bag ends the process")
    func mutations() throws {
        let seed: UInt64 = 13
        let forest = CellForest(seed: seed)
        let base = try forest.cell().serialized()
        for _ in 0..<20_000 {
            var bytes = base
            for _ in 0..<(1 + forest.next() % 4) {
                bytes[Int(forest.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: forest.next())
            }
            guard let root = try? BagOfCells.root(of: bytes) else { continue }
            _ = try? Message(parsing: root)
            _ = try? ChainTransaction(parsing: root)
            _ = MessageBody(reading: root)
        }
    }

    @Test("a text takes as many cells as it needs", arguments: [0, 1, 122, 123, 124, 127, 128, 250, 1_000, 16_000])
    func snake(count: Int) throws {
        let text = [UInt8](repeating: 0x61, count: count)
        #expect(MessageBody(reading: try MessageBody.cell(comment: text)) == .comment(text))
    }

    @Test("coins of every length are read as they were written")
    func coins() throws {
        for bits in 0...120 {
            let value: UInt128 = bits == 0 ? 0 : (UInt128(1) << bits) - 1
            let cell = try Cell.make { builder throws(TONError) in try builder.store(coins: value) }
            var slice = cell.slice()
            #expect(try slice.loadCoins() == value)
        }
        #expect(throws: TONError.self) {
            try Cell.make { builder throws(TONError) in try builder.store(coins: UInt128(1) << 120) }
        }
    }
}

@Suite("Messages and chain transactions")
struct MessageTests {
    static func account(_ byte: UInt8) throws -> TONAddress {
        try TONAddress(workchain: 0, hash: CellHash([UInt8](repeating: byte, count: 32)))
    }

    @Test("a message with any body is read as it was written")
    func roundTrip() throws {
        let seed: UInt64 = 21
        let forest = CellForest(seed: seed)
        for number in 0..<200 {
            let message = InternalMessage(
                bounce: number % 2 == 0,
                bounced: number % 3 == 0,
                source: try Self.account(1),
                destination: try Self.account(2),
                value: UInt128(forest.next()) * UInt128(forest.next() >> 12),
                forwardFee: UInt128(forest.next() % 1_000),
                createdLT: forest.next(),
                createdAt: UInt32(truncatingIfNeeded: forest.next()),
                stateInit: number % 5 == 0 ? StateInit(code: try forest.cell(depth: 1), data: nil) : nil,
                body: try forest.cell(depth: 2)
            )
            #expect(try Message(parsing: message.cell()) == .internal(message), "seed \(seed)")
        }
    }

    @Test("a chain transaction is read as it was written, with all its messages", arguments: [0, 1, 2, 3, 7, 255])
    func transactions(count: Int) throws {
        let out = try (0..<count).map { number in
            Message.internal(
                InternalMessage(
                    bounce: false,
                    source: try Self.account(2),
                    destination: try Self.account(3),
                    value: UInt128(number),
                    body: try Cell.empty()
                )
            )
        }
        let hash = try CellHash([UInt8](repeating: 9, count: 32))
        let transaction = try ChainTransaction(
            account: Self.account(2).hash,
            lt: 5,
            previousHash: hash,
            previousLT: 4,
            now: 100,
            originalStatus: .uninitialised,
            endStatus: .uninitialised,
            inMessage: .externalIn(ExternalInMessage(destination: Self.account(2), body: Cell.empty())),
            outMessages: out,
            totalFees: 77,
            stateUpdate: .init(old: hash, new: hash),
            description: TransactionDescription(
                storage: StoragePhase(collected: 3, due: 4, statusChange: .frozen),
                credit: CreditPhase(credit: 12),
                compute: .skipped(.noState),
                action: ActionPhase(success: false, noFunds: true, resultCode: 37, totalActions: 1, messagesCreated: 0),
                aborted: true,
                bounce: .ok(messageFees: 1, forwardFees: 2)
            )
        )
        let again = try ChainTransaction(parsing: BagOfCells.root(of: transaction.cell.serialized()))
        #expect(again == transaction)
        #expect(again.outMessages == out)
        #expect(again.description.aborted && again.description.action?.resultCode == 37)
    }

    @Test("the normalised hash does not depend on how the message is written")
    func normalised() throws {
        let destination = try Self.account(4)
        let body = try MessageBody.cell(comment: Array("x".utf8))
        let plain = ExternalInMessage(destination: destination, body: body)
        let other = ExternalInMessage(
            destination: destination,
            importFee: 5,
            stateInit: StateInit(code: body, data: nil),
            body: body
        )
        #expect(try plain.normalizedHash() == other.normalizedHash())
        #expect(try plain.cell().hash != other.cell().hash)
    }

    @Test("a body is read by its op, and left unread when it does not match that")
    func bodies() throws {
        let payload = try MessageBody.cell(comment: Array("order".utf8))
        let transfer = JettonTransfer(
            queryID: 7,
            amount: 1 << 100,
            destination: try Self.account(1),
            responseDestination: nil,
            forwardAmount: 1,
            forwardPayload: payload
        )
        #expect(MessageBody(reading: try transfer.cell()) == .jettonTransfer(transfer))
        let credit = JettonInternalTransfer(
            queryID: 7,
            amount: 5,
            from: try Self.account(1),
            responseAddress: nil,
            forwardAmount: 0,
            forwardPayload: try CellForest(seed: 3).cell()
        )
        #expect(MessageBody(reading: try credit.cell()) == .jettonInternalTransfer(credit))
        let short = try Cell.make { builder throws(TONError) in
            try builder.store(uint: MessageBody.Op.jettonTransfer, bits: 32)
        }
        #expect(MessageBody(reading: short) == .other(op: MessageBody.Op.jettonTransfer))
        #expect(MessageBody(reading: try Cell.empty()) == .empty)
    }
}

@Suite("Wallets")
struct WalletTests {
    static func key() throws -> Ed25519.PrivateKey {
        try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 7, count: 32)))
    }

    /// The published hashes of the contracts' code.
    @Test(
        "have the published code",
        arguments: [
            (WalletVersion.v3r2, "84dafa449f98a6987789ba232358072bc0f76dc4524002a5d0918b9a75d2d599"),
            (.v4r2, "feb5ff6820e2ff0d9483e7e0d62c817d846789fb4ae580c878866d959dabd5c0"),
            (.v5r1, "20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f"),
        ]
    )
    func code(version: WalletVersion, hash: String) {
        #expect(version.code.hash.description == hash)
    }

    @Test("of v5 have the identifiers that wallet programs use")
    func identifiers() throws {
        let key = try Self.key().publicKey
        #expect(Wallet(version: .v5r1, publicKey: key, network: .mainnet).walletID == 2_147_483_409)
        #expect(Wallet(version: .v5r1, publicKey: key, network: .testnet).walletID == 2_147_483_645)
    }

    @Test("sign messages that the contract reads", arguments: WalletVersion.allCases)
    func sign(version: WalletVersion) throws {
        let key = try Self.key()
        let wallet = Wallet(version: version, publicKey: key.publicKey, network: .testnet)
        let messages = try (1...version.maximumMessages.clamped(to: 4)).map {
            try WalletMessage(to: MessageTests.account(UInt8($0)), amount: UInt128($0), bounce: false)
        }
        let signed = try wallet.sign(messages, seqno: 5, validUntil: 1_000, with: key, deploying: false)
        guard case .externalIn(let message) = try Message(parsing: BagOfCells.root(of: signed.serialized())) else {
            Issue.record("no external message")
            return
        }
        let request = try WalletRequest(parsing: message.body, version: version)
        #expect(request.seqno == 5 && request.validUntil == 1_000 && request.walletID == wallet.walletID)
        #expect(key.publicKey.isValid(signature: request.signature, for: request.signedHash.bytes))
        let sent = try request.messages.map { try Message(parsing: $0.message) }
        #expect(sent == messages.map { .internal($0.message) })
        #expect(try message.normalizedHash() == signed.normalizedHash)
    }

    @Test("sign with their own key only, and at most as many messages as the contract takes")
    func refuses() throws {
        let key = try Self.key()
        let other = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 8, count: 32)))
        let wallet = Wallet(version: .v4r2, publicKey: key.publicKey, network: .testnet)
        let message = try WalletMessage(to: MessageTests.account(1), amount: 1, bounce: false)
        #expect(throws: TONError(.invalidKey, "")) {
            try wallet.sign([message], seqno: 1, validUntil: 1, with: other, deploying: false)
        }
        for count in [0, 5] {
            #expect(throws: TONError(.malformedStructure, "")) {
                try wallet.sign(
                    Array(repeating: message, count: count),
                    seqno: 1,
                    validUntil: 1,
                    with: key,
                    deploying: false
                )
            }
        }
    }

    /// The wallet code of USDT on TON and a holder's wallet, as the chain has them.
    @Test("of jettons have computable addresses")
    func jettons() throws {
        let code = try BagOfCells.root(ofText: "te6ccgEBAQEAIwAIQgKPRS16Tf10BmtoI2UXclntBXNENb52tf1L1divK3w9aA==")
        let address = try JettonWallet.address(
            owner: TONAddress("0:1f5806c73d03bbc96eb7eebf16067f1f2e8e270cfa16d57001aa9eaf7456f008"),
            master: TONAddress("EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"),
            code: code,
            layout: .stablecoin
        )
        #expect(address.raw == "0:b7f5cd75f68a8f91a07e7e203cfc429f7a33f6e3f232282344c8a154b2f5ec7c")
    }
}

extension Int {
    fileprivate func clamped(to most: Int) -> Int { Swift.min(self, most) }
}
