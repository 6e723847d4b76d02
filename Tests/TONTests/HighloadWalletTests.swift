import Cryptography
import TON
import Testing

@Suite("A highload wallet")
struct HighloadWalletTests {
    private static func wallet() throws -> (HighloadWallet, Ed25519.PrivateKey) {
        let key = try WalletTests.key()
        return (HighloadWallet(publicKey: key.publicKey, timeout: 3_600), key)
    }

    private static func messages(_ count: Int) throws -> [WalletMessage] {
        try (0..<count).map {
            try WalletMessage(to: MessageTests.account(UInt8($0 % 256)), amount: UInt128($0 + 1), bounce: false)
        }
    }

    @Test("has the published code")
    func code() {
        let published = "11acad7955844090f283bf238bc1449871f783e7cc0979408d3f4859483e8525"
        #expect(HighloadWallet.code.hash.description == published)
    }

    @Test("signs messages that the contract reads, alone or in a list to itself", arguments: [1, 2, 100, 254])
    func sign(count: Int) throws {
        let (wallet, key) = try Self.wallet()
        let messages = try Self.messages(count)
        let signed = try wallet.sign(messages, sequence: 12_345_678_901, createdAt: 1_000, with: key, deploying: true)
        guard case .externalIn(let message) = try Message(parsing: BagOfCells.root(of: signed.serialized())) else {
            Issue.record("no external message")
            return
        }
        #expect(try message.stateInit?.address(workchain: 0) == wallet.address())
        let request = try HighloadRequest(parsing: message.body)
        #expect(request.walletID == 0x10AD && request.createdAt == 1_000 && request.timeout == 3_600)
        #expect(request.query == HighloadQuery(sequence: 12_345_678_901))
        #expect(key.publicKey.isValid(signature: request.signature, for: request.signedHash.bytes))
        guard case .internal(let first) = try Message(parsing: request.message.message) else {
            Issue.record("no message between accounts")
            return
        }
        guard count > 1 else {
            #expect(first == messages[0].message)
            return
        }
        #expect(try first.destination == wallet.address())
        #expect(MessageBody(reading: first.body) == .highloadTransfer(queryID: 12_345_678_901))
        var body = first.body.slice()
        try body.skip(96)
        let listed = try OutgoingActions.messages(in: body.loadReference())
        #expect(try listed.map { try Message(parsing: $0.message) } == messages.map { .internal($0.message) })
    }

    @Test("signs with its own key only, and at most as many messages as a list holds", arguments: [0, 255])
    func refused(count: Int) throws {
        let (wallet, key) = try Self.wallet()
        #expect(throws: TONError.self) {
            try wallet.sign(Self.messages(count), sequence: 1, createdAt: 1, with: key, deploying: false)
        }
        let other = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 8, count: 32)))
        #expect(throws: TONError.self) {
            try wallet.sign(Self.messages(1), sequence: 1, createdAt: 1, with: other, deploying: false)
        }
    }

    @Test("reuses no query number before all others were used")
    func numbers() {
        let count = HighloadQuery.count
        #expect(count == 8_380_416)
        #expect(HighloadQuery(sequence: 0) == HighloadQuery(sequence: count))
        let boundaries: [UInt64] = [0, 1_021, 1_022, 1_023, 1_024, count - 1]
        #expect(Set(boundaries.map(HighloadQuery.init(sequence:))).count == boundaries.count)
        #expect(boundaries.map(HighloadQuery.init(sequence:)).allSatisfy { $0.group < 8_192 && $0.place < 1_023 })
    }

    @Test("has a data cell with its numbers that is read as it was written")
    func data() throws {
        var data = HighloadWalletData(publicKey: [UInt8](repeating: 1, count: 32), walletID: 7, timeout: 60)
        for sequence in [UInt64(0), 1, 1_022, 1_023, 5_000_000, 8_380_415] {
            data.queries.insert(HighloadQuery(sequence: sequence))
        }
        data.oldQueries.insert(HighloadQuery(sequence: 77))
        data.lastCleaned = 1 << 40
        #expect(try HighloadWalletData(parsing: data.cell()) == data)
    }

    @Test("takes any moment in a cell, also one whose end overflows")
    func anyMoment() {
        var data = HighloadWalletData(publicKey: [], walletID: 7, timeout: 100)
        data.lastCleaned = .max
        data.clean(at: 1_000)
        #expect(data.lastCleaned == .max)
    }

    @Test("forgets a number after one timeout at the earliest and two at the latest")
    func cleaning() {
        var data = HighloadWalletData(publicKey: [], walletID: 7, timeout: 100)
        let query = HighloadQuery(sequence: 5)
        data.clean(at: 1_000)
        data.queries.insert(query)
        for (time, isKnown) in [(1_100, true), (1_101, true), (1_150, true), (1_201, true), (1_202, false)]
            as [(UInt64, Bool)]
        {
            data.clean(at: time)
            #expect(data.hasTaken(query) == isKnown, "\(time)")
        }
    }
}
