import Cryptography
import Seams
import TON
import Testing

@Suite("A wallet's request")
struct RequestSizeTests {
    private enum Kind: CaseIterable {
        case v3r2, v4r2, v5r1, highload
    }

    /// A wallet, and its signature.
    private struct Signing {
        let wallet: any SizedWallet
        let sign: ([WalletMessage], Bool) throws -> SignedTransfer

        init(_ kind: Kind) throws {
            let key = try WalletTests.key()
            func numbered(
                _ version: WalletVersion
            ) -> (any SizedWallet, ([WalletMessage], Bool) throws -> SignedTransfer) {
                let wallet = Wallet(version: version, publicKey: key.publicKey, network: .testnet)
                let sign = { (messages: [WalletMessage], deploying: Bool) throws -> SignedTransfer in
                    let seqno: UInt32 = deploying ? 0 : 7
                    return try wallet.sign(messages, seqno: seqno, validUntil: 9, with: key, deploying: deploying)
                }
                return (wallet, sign)
            }
            switch kind {
            case .v3r2: (wallet, sign) = numbered(.v3r2)
            case .v4r2: (wallet, sign) = numbered(.v4r2)
            case .v5r1: (wallet, sign) = numbered(.v5r1)
            case .highload:
                let highload = HighloadWallet(publicKey: key.publicKey, timeout: 600)
                wallet = highload
                sign = { try highload.sign($0, sequence: 1 << 40, createdAt: 77, with: key, deploying: $1) }
            }
        }
    }

    /// A message with a text of random bytes, alone or in a transfer of jettons.
    private static func message(_ random: SeededRandom, longest: Int) throws -> WalletMessage {
        let comment = try MessageBody.cell(comment: random.bytes(Int(random.next() % UInt64(longest + 1))))
        let account = try TONAddress(workchain: 0, hash: CellHash(random.bytes(32)))
        let amount = UInt128(random.next() % 1_000_000_000)
        guard random.next() % 3 == 0 else {
            return try WalletMessage(to: account, amount: amount, bounce: false, body: comment)
        }
        let transfer = JettonTransfer(
            queryID: random.next(),
            amount: amount,
            destination: account,
            responseDestination: account,
            forwardAmount: 1,
            forwardPayload: comment
        )
        return try WalletMessage(to: account, amount: 50_000_000, bounce: true, body: transfer.cell())
    }

    /// Small cells in a row, one in the other.
    private static func deep(_ depth: Int, _ random: SeededRandom) throws -> WalletMessage {
        var cell = try MessageBody.cell(comment: random.bytes(8))
        for _ in 0..<depth {
            var builder = CellBuilder()
            try builder.store(reference: cell)
            cell = try builder.build()
        }
        let account = try TONAddress(workchain: 0, hash: CellHash(random.bytes(32)))
        return try WalletMessage(to: account, amount: 1, bounce: false, body: cell)
    }

    /// Cuts messages into requests as long as there are any.
    private static func requests(_ messages: [WalletMessage], _ wallet: any SizedWallet) throws -> [[WalletMessage]] {
        var (requests, rest) = ([[WalletMessage]](), messages[...])
        while !rest.isEmpty {
            let count = try wallet.capacity(for: Array(rest))
            try #require(count > 0)
            requests.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return requests
    }

    /// The law for some messages, and the requests.
    private static func check(_ messages: [WalletMessage], _ kind: Kind) throws -> [[WalletMessage]] {
        let signing = try Signing(kind)
        let requests = try requests(messages, signing.wallet)
        #expect(requests.flatMap { $0 } == messages, "each message is in one request, in order")
        for (request, next) in zip(requests, requests.dropFirst().map(\.first) + [nil]) {
            for deploying in [false, true] {
                let cell = try signing.sign(request, deploying).cell
                // What a node of the network measures.
                let bytes = try cell.serialized().count
                #expect(bytes <= 65_535 && cell.depth < 512, "\(kind), \(request.count) messages: \(bytes) bytes")
                guard let next, request.count < signing.wallet.messageLimit else { continue }
                #expect(throws: TONError(.tooLarge, "")) { try signing.sign(request + [next], deploying) }
                // By the sizes alone, the next one has no place: it needs its own bytes, and at most 1,500 are for the
                // wallet's state and the list.
                let more = try next.message.cell().serialized().count + 1_500
                let isDeep = try cell.depth + next.message.cell().depth > 250
                #expect(
                    bytes + more > 65_535 || isDeep,
                    "\(kind), \(request.count) messages: \(bytes) and \(more) bytes"
                )
            }
        }
        return requests
    }

    @Test(
        "is never larger or deeper than a node takes, holds as much as one can, and carries each message once in order"
    )
    func size() throws {
        for seed in UInt64(1)...3 {
            let random = SeededRandom(seed: seed)
            for kind in Kind.allCases {
                let longest = [0, 500, 4_000, 16_000][Int(random.next() % 4)]
                let messages = try (0..<300).map { _ in try Self.message(random, longest: longest) }
                _ = try Self.check(messages, kind)
            }
        }
    }

    @Test("is cut by its bytes: 255 messages with texts of 500 bytes need three requests", arguments: [false, true])
    func bytes(isHighload: Bool) throws {
        let random = SeededRandom(seed: 4)
        let messages = try (0..<254).map { _ in
            try WalletMessage(
                to: TONAddress(workchain: 0, hash: CellHash(random.bytes(32))),
                amount: 1,
                bounce: false,
                body: MessageBody.cell(comment: random.bytes(500))
            )
        }
        #expect(try Self.check(messages, isHighload ? .highload : .v5r1).count == 3)
        // Short texts need no cut.
        let short = try (0..<254).map { _ in try Self.message(random, longest: 10) }
        #expect(try Self.check(short, isHighload ? .highload : .v5r1).count == 1)
    }

    @Test("is cut by its depth, and has no place for a message that is too deep alone", arguments: [false, true])
    func depth(isHighload: Bool) throws {
        let kind = isHighload ? Kind.highload : .v5r1
        let random = SeededRandom(seed: 5)
        let messages = try (0..<600).map { number in try Self.deep(number % 200 == 0 ? 400 : 3, random) }
        let requests = try Self.check(messages, kind)
        #expect(requests.contains { $0.count < 200 })
        let wallet = try Signing(kind).wallet
        #expect(try wallet.capacity(for: [Self.deep(520, random)]) == 0)
        #expect(try wallet.capacity(for: [Self.deep(3, random), Self.deep(1_000, random)]) == 1)
        #expect(try wallet.capacity(for: []) == 0)
    }
}
