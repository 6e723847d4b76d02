import BigInt
import EVM
import Money
import Payments
import Providers
import Seams
import Signing
import TON
import Testing

@Suite("The signer")
struct SigningPolicyTests {
    private static let refused = ProviderError(.refused, "")

    @Test("signs an order that the books have, as often as it is asked", arguments: BenchWallet.allCases)
    func stored(wallet: BenchWallet) async throws {
        let bench = try SigningBench(wallet)
        let order = bench.order("po_1", 500, to: try bench.stranger(1))
        let content = try bench.content([BenchMessage(receiver: order.destination, units: 500)])
        let intent = bench.intent(.orders([order]), content)
        let signature = try await bench.signer.sign(intent, under: bench.permit([order]))
        #expect(try bench.isSigned(content, signature))
        #expect(try await bench.signer.sign(intent, under: bench.permit([order])) == signature)
    }

    /// What is wrong with a request to sign.
    enum Fault: CaseIterable, Sendable {
        /// The books do not have the order.
        case isNotStored
        /// The books have the order with another amount.
        case isStoredOtherwise
        /// The bytes pay more than the order.
        case paysMore
        /// The bytes pay somebody else.
        case paysAnother
        /// The bytes use another number than is stated.
        case usesAnotherNumber
        /// Another number than the permit's is stated and used.
        case hasNoSuchNumber
        /// The permit is that of the wallet for fees.
        case hasAnotherPermit
        /// The bytes say something that the order does not say.
        case saysMore
        /// The wallet of an option is asked to pay an order.
        case comesFromAnOption
        /// The bytes are none.
        case isEmpty
    }

    @Test("signs nothing else than what the books have", arguments: BenchWallet.allCases, Fault.allCases)
    func foreign(wallet: BenchWallet, fault: Fault) async throws {
        let bench = try SigningBench(wallet)
        let order = bench.order("po_1", 500, to: try bench.stranger(1))
        var stored = [order]
        var message = BenchMessage(receiver: order.destination, units: 500)
        var (composed, stated) = (bench.number(), bench.number())
        var (by, permitted) = (OwnWallet.payouts, OwnWallet.payouts)
        switch fault {
        case .isNotStored: stored = []
        case .isStoredOtherwise: stored = [bench.order("po_1", 499, to: order.destination)]
        case .paysMore: message.units = 501
        case .paysAnother: message.receiver = try bench.stranger(2)
        case .usesAnotherNumber: composed += 1
        case .hasNoSuchNumber:
            // A highload wallet takes any number.
            if wallet == .highload { stated += 1 } else { (composed, stated) = (composed + 1, stated + 1) }
        case .hasAnotherPermit: permitted = .fees
        case .saysMore: (message.comment, message.data) = ("more", [1])
        case .comesFromAnOption: by = .option(PaymentOptionID(value: 1))
        case .isEmpty: break
        }
        let content = fault == .isEmpty ? [] : try bench.content(of: by, [message], number: composed)
        let intent = bench.intent(by: by, number: stated, .orders([order]), content)
        let permit = try bench.permit(of: permitted, stored)
        await #expect(throws: Self.refused) { try await bench.signer.sign(intent, under: permit) }
    }

    @Test("signs orders together, each once and in their order", arguments: [BenchWallet.v4r2, .v5r1, .highload])
    func batches(wallet: BenchWallet) async throws {
        let bench = try SigningBench(wallet)
        let orders = try (1...3).map {
            bench.order("po_\($0)", Int64($0), to: try bench.stranger(UInt8($0)), "n \($0)")
        }
        let messages = orders.enumerated().map { index, order in
            BenchMessage(receiver: order.destination, units: Int64(index + 1), comment: order.comment)
        }
        func sign(_ orders: [TransferOrder], _ messages: [BenchMessage]) async throws {
            let content = try bench.content(messages)
            let signature = try await bench.signer.sign(
                bench.intent(.orders(orders), content),
                under: bench.permit(Array(orders.prefix(3)))
            )
            #expect(try bench.isSigned(content, signature))
        }
        try await sign(orders, messages)
        await #expect(throws: Self.refused) { try await sign(orders, messages.reversed()) }
        await #expect(throws: Self.refused) { try await sign(orders, messages + messages.prefix(1)) }
        await #expect(throws: Self.refused) { try await sign(orders + [orders[0]], messages + [messages[0]]) }
        await #expect(throws: Self.refused) { try await sign(orders, Array(messages.prefix(2))) }
        await #expect(throws: Self.refused) { try await sign([], Array(messages.prefix(1))) }
    }

    @Test("signs again with the same number only for the same order", arguments: [BenchWallet.evm, .v5r1])
    func again(wallet: BenchWallet) async throws {
        let bench = try SigningBench(wallet)
        let order = bench.order("po_1", 500, to: try bench.stranger(1))
        let other = bench.order("po_2", 500, to: try bench.stranger(1))
        let prepared = PreparedTransfer(bytes: [], hash: "h", sequence: bench.number(), validUntil: nil)
        let reading = WalletReading(
            wallet: try bench.signer.account(of: .payouts),
            numbers: .inTurn(next: bench.number(), pending: bench.number())
        )
        let books = WalletBooks(
            signedBelow: bench.number() + 1,
            underWay: [TransferUnderWay(order: order, prepared: prepared)],
            orders: [other]
        )
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books) else {
            Issue.record("the wallet may sign")
            return
        }
        let content = try bench.content([BenchMessage(receiver: order.destination, units: 500)])
        _ = try await bench.signer.sign(bench.intent(.orders([order]), content), under: permit)
        await #expect(throws: Self.refused) {
            try await bench.signer.sign(bench.intent(.orders([other]), content), under: permit)
        }
    }

    @Test("moves money of own wallets only between them", arguments: BenchWallet.allCases)
    func ownMoney(wallet: BenchWallet) async throws {
        let bench = try SigningBench(wallet)
        let option = OwnWallet.option(PaymentOptionID(value: 5))
        func sign(
            from: OwnWallet,
            to named: OwnWallet,
            paying receiver: String? = nil,
            units: Int64 = 500,
            isStored: Bool = true,
            under permitted: OwnWallet
        ) async throws {
            let receiver = try receiver ?? bench.signer.account(of: named)
            let content = try bench.content(of: from, [BenchMessage(receiver: receiver, units: units)])
            let moved = OwnMovement(to: named, asset: bench.coin, units: 500)
            let purpose: SigningIntent.Purpose = from == .fees ? .topUps([moved]) : .gathering([moved])
            let intent = bench.intent(by: from, purpose, content)
            let own = isStored ? [try bench.stored(intent)] : []
            let signature = try await bench.signer.sign(
                intent,
                under: bench.permit(of: permitted, own: own)
            )
            #expect(try bench.isSigned(content, signature, by: from))
        }
        try await sign(from: option, to: .payouts, under: .payouts)
        try await sign(from: .fees, to: option, under: .fees)
        await #expect(throws: Self.refused) {
            try await sign(from: option, to: .payouts, isStored: false, under: .payouts)
        }
        await #expect(throws: Self.refused) {
            try await sign(from: .fees, to: option, isStored: false, under: .fees)
        }
        let stranger = try bench.stranger(1)
        for (from, to, permitted) in [
            (option, .payouts, .fees), (.fees, option, .payouts), (option, .fees, .payouts), (option, option, .payouts),
            (.fees, .payouts, .fees), (.payouts, .payouts, .payouts), (.payouts, option, .payouts),
        ] as [(OwnWallet, OwnWallet, OwnWallet)] {
            await #expect(throws: Self.refused) { try await sign(from: from, to: to, under: permitted) }
        }
        await #expect(throws: Self.refused) {
            try await sign(from: option, to: .payouts, paying: stranger, under: .payouts)
        }
        await #expect(throws: Self.refused) { try await sign(from: .fees, to: option, paying: stranger, under: .fees) }
        await #expect(throws: Self.refused) {
            try await sign(from: .fees, to: option, units: 501, under: .fees)
        }
    }

    @Test("whatever bit of the bytes is changed, what it signs pays the same", arguments: BenchWallet.allCases)
    func changedBits(wallet: BenchWallet) async throws {
        let bench = try SigningBench(wallet)
        let order = bench.order("po_1", 500, to: try bench.stranger(1), wallet == .evm ? nil : "note")
        let content = try bench.content([BenchMessage(receiver: order.destination, units: 500, comment: order.comment)])
        let permit = try bench.permit([order])
        let expected = try bench.payments(in: content)
        var signed = 0
        for index in content.indices {
            for bit in 0..<8 {
                var changed = content
                changed[index] ^= 1 << bit
                let intent = bench.intent(.orders([order]), changed)
                guard (try? await bench.signer.sign(intent, under: permit)) != nil else { continue }
                signed += 1
                #expect(try bench.payments(in: changed) == expected, "byte \(index), bit \(bit)")
            }
        }
        // The price of gas, and the end of a request, are not the order's.
        #expect(signed < content.count * 4)
    }

    @Test("signs no other call of a contract than a transfer", arguments: [0, 1, 2])
    func calls(kind: Int) async throws {
        let bench = try SigningBench(.evm)
        let (token, thief) = (try EVMAddress(bench.stranger(9)), try EVMAddress(bench.stranger(2)))
        let asset = try AssetID("evm:\(SigningBench.chainID):erc20:\(token.lowercased)")
        let order = TransferOrder(
            id: "po_1",
            amount: Amount(asset: asset, units: 500),
            destination: thief.description,
            comment: nil
        )
        let transfer = ERC20.transfer(to: thief, amount: 500)
        let approval = ABIValue.call("approve(address,uint256)", [.address(thief), .uint(500)])
        let (data, value): ([UInt8], Int64) =
            switch kind {
            case 0: (transfer, 0)
            case 1: (approval, 0)
            default: (transfer, 1)
            }
        let content = try bench.content([BenchMessage(receiver: token.description, units: value, data: data)])
        let intent = bench.intent(.orders([order]), content)
        guard kind > 0 else {
            _ = try await bench.signer.sign(intent, under: bench.permit([order]))
            return
        }
        await #expect(throws: Self.refused) { try await bench.signer.sign(intent, under: bench.permit([order])) }
    }

    @Test(
        "signs no message that empties or destroys the wallet that pays out",
        arguments: [UInt8(32), 64, 128, 130, 160]
    )
    func modes(mode: UInt8) async throws {
        for wallet in BenchWallet.allCases where wallet != .evm {
            let bench = try SigningBench(wallet)
            for units in [0, 500] as [Int64] {
                let order = bench.order("po_1", units, to: try bench.stranger(1))
                let content = try bench.content([BenchMessage(receiver: order.destination, units: units, mode: mode)])
                let permit = try bench.permit([order])
                await #expect(throws: Self.refused) {
                    try await bench.signer.sign(bench.intent(.orders([order]), content), under: permit)
                }
            }
        }
    }

    @Test("derives options' addresses from public keys alone where the scheme allows it")
    func publicKeys() throws {
        let evm = try SigningBench(.evm)
        #expect(evm.signer.parentOfOptions != nil)
        #expect("\(evm.signer.parentOfOptions.debugDescription)".contains("redacted"))
        #expect(try SigningBench(.v5r1).signer.parentOfOptions == nil)
    }
}

extension SigningBench {
    /// The messages or the call in some bytes, read without the signer.
    fileprivate func payments(in content: [UInt8]) throws -> [String] {
        switch wallet {
        case .evm:
            let read = try EVMTransaction(unsigned: content)
            return ["\(read.nonce) \(read.to?.description ?? "") \(read.value) \(read.data)"]
        case .highload:
            let request = try HighloadRequest(content: BagOfCells.root(of: content))
            return ["\(request.query) \(request.message.mode) \(request.message.message.hash)"]
        default:
            let version = WalletVersion(rawValue: wallet.rawValue) ?? .v4r2
            let request = try WalletRequest(content: BagOfCells.root(of: content), version: version)
            return ["\(request.seqno)"] + request.messages.map { "\($0.mode) \($0.message.hash)" }
        }
    }
}
