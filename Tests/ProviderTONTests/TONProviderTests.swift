import Cryptography
import FixtureTON
import HTTPMessages
import Money
import Payments
import ProviderTON
import Providers
import Seams
import Signing
import SigningDesk
import TON
import Testing

/// The fixture chain without sockets.
struct ChainTransport: HTTPTransport {
    let chain: FixtureTON

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        await chain.respond(to: request)
    }
}

/// A provider over a fixture chain with a clock that stands still.
struct Rail: SigningRail {
    let clock: ManualClock
    let chain: FixtureTON
    let provider: TONProvider
    let books = MemoryBooks()
    let coin: AssetID
    let jetton: AssetID
    let master: TONAddress

    init(
        deposit: TONProvider.Deposit = .comment,
        network: TONNetwork = .testnet,
        walletVersion: WalletVersion = .v4r2,
        highloadTimeout: UInt32? = nil,
        agreementAbove: Int64? = nil,
        jettonLayout: JettonWalletLayout = .standard,
        master stated: TONAddress? = nil,
        clock: ManualClock = ManualClock(Timestamp(seconds: 1_800_000_000)),
        chain shared: FixtureTON? = nil,
        node: (any HTTPTransport)? = nil,
        witness: (any HTTPTransport)? = nil,
        isAlone: Bool = false
    ) throws {
        self.clock = clock
        chain = shared ?? FixtureTON(clock: clock, network: network)
        master = try stated ?? chain.jettonMaster("dollar")
        coin = try AssetID("ton:\(network.rawValue):native")
        jetton = try AssetID("ton:\(network.rawValue):jetton:\(master.raw)")
        var limits: [AssetID: Int256] = [:]
        if let agreementAbove { limits[coin] = Int256(agreementAbove) }
        let configuration = TONProvider.Configuration(
            key: "ton",
            network: network,
            walletVersion: walletVersion,
            highloadTimeout: highloadTimeout,
            jettons: [
                .init(
                    asset: jetton,
                    master: master,
                    walletCode: FixtureTON.jettonWalletCode(jettonLayout),
                    layout: jettonLayout
                )
            ],
            deposit: deposit,
            agreementAbove: limits
        )
        provider = try TONProvider(
            configuration: configuration,
            client: ToncenterClient(
                transport: node ?? ChainTransport(chain: chain),
                baseURL: "http://chain",
                apiKey: nil,
                network: network
            ),
            witnesses: isAlone
                ? []
                : [
                    ToncenterClient(
                        transport: witness ?? ChainTransport(chain: chain),
                        baseURL: "http://other",
                        apiKey: nil,
                        network: network
                    )
                ],
            signer: WalletSigner(for: configuration),
            clock: clock,
            random: SeededRandom(seed: 9)
        )
    }

    func scan(_ subject: AssetID, after position: String? = nil) async throws -> ScanPage {
        let account = ScanAccount(account: provider.walletAddress.raw, subject: subject.text)
        return try await provider.page(of: account, after: position, watching: HandedOut())
    }

    func order(_ units: Int64, _ asset: AssetID, to address: TONAddress) -> TransferOrder {
        TransferOrder(
            id: "po_1",
            amount: Amount(asset: asset, units: Int256(units)),
            destination: address.raw,
            comment: "x"
        )
    }
}

/// A database that has handed out every account that it is asked about, or none of them.
struct HandedOut: AccountWatching {
    var isAll = true
    func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String> { isAll ? accounts : [] }
}

extension Observation {
    var incoming: IncomingTransfer? {
        if case .incoming(let transfer) = self { return transfer }
        return nil
    }

    /// The change of the account's coins.
    var coins: Int256? {
        switch self {
        case .incoming(let transfer): transfer.amount.units
        case .movement(let movement): movement.amount.units
        case .sent(let sent): sent.movement.amount.units
        case .refunded, .vanished, .uncertain, .ignored, .setAside, .mark: nil
        }
    }
}

@Suite("Credits on TON")
struct TONCreditTests {
    @Test(
        "come from plain transfers, each once, also to a wallet not yet deployed, with the comment normalised"
    )
    func plain() async throws {
        let rail = try Rail()
        for comment in ["bread", " bread", "bread ", "bréad", ""] {
            try rail.chain.pay(1_000_000_000, to: rail.provider.walletAddress, comment: comment, by: "alice")
            try rail.chain.settle()
        }
        let found = try await rail.scan(rail.coin).observations.compactMap(\.incoming)
        #expect(found.map { $0.reference?.value } == ["bread", "bread", "bread", "bréad", ""])
        #expect(Set(found.map(\.naturalKey)).count == 5)
    }

    @Test("do not come from bounced messages, external messages or jetton notifications, whatever they carry")
    func none() async throws {
        let rail = try Rail()
        let alice = try rail.chain.customer("alice")
        let comment = try MessageBody.cell(comment: Array("bread".utf8))
        rail.chain.arriveBounced(500_000_000, at: rail.provider.walletAddress, body: comment, from: alice.address)
        let notice = JettonNotification(queryID: 1, amount: 1 << 60, sender: alice.address, forwardPayload: comment)
        try rail.chain.send(
            [WalletMessage(to: rail.provider.walletAddress, amount: 5_000_000, bounce: false, body: notice.cell())],
            by: alice
        )
        try rail.chain.settle()
        #expect(try await rail.scan(rail.coin).observations.compactMap(\.incoming).isEmpty)
        #expect(try await rail.scan(rail.jetton).observations.compactMap(\.incoming).isEmpty)
    }

    @Test(
        "in jettons come only from our own wallet of the configured jetton, also without a notification",
        arguments: [0, 1]
    )
    func jettons(forward: Int) async throws {
        let rail = try Rail()
        let alice = try rail.chain.customer("alice")
        let fake = try rail.chain.jettonMaster("counterfeit")
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: alice.address)
        try rail.chain.mint(100, of: fake, layout: .standard, to: alice.address, isCounterfeit: true)
        try rail.chain.settle()
        for (master, isCounterfeit) in [(rail.master, false), (fake, true)] {
            try rail.chain.payJetton(
                40,
                of: master,
                layout: .standard,
                to: rail.provider.walletAddress,
                comment: "bread",
                by: "alice",
                forwardAmount: UInt128(forward),
                isCounterfeit: isCounterfeit
            )
            try rail.chain.settle()
        }
        let found = try await rail.scan(rail.jetton).observations.compactMap(\.incoming)
        #expect(found.map(\.amount) == [Amount(asset: rail.jetton, units: 40)])
        #expect(found.first?.reference?.value == "bread")
        #expect(found.first?.payer == alice.address.raw)
    }

    /// What our own jetton wallet does with jettons that come.
    enum Taking: CaseIterable {
        case takesThem
        case refusesThem
        /// Its code ends well, and what it would send cannot be sent.
        case failsWhileItSends
    }

    @Test(
        "in jettons are what our own wallet has taken: not what it refuses, and not what it fails at while it sends",
        arguments: Taking.allCases,
        [0, 1]
    )
    func taken(_ taking: Taking, forward: Int) async throws {
        let rail = try Rail()
        let alice = try rail.chain.customer("alice")
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: alice.address)
        try rail.chain.settle()
        let ours = try JettonWallet.address(
            owner: rail.provider.walletAddress,
            master: rail.master,
            code: FixtureTON.jettonWalletCode(.standard),
            layout: .standard
        )
        switch taking {
        case .takesThem: break
        case .refusesThem: rail.chain.refuseEverything(at: ours)
        case .failsWhileItSends: rail.chain.swallowEverything(at: ours)
        }
        try rail.chain.payJetton(
            40,
            of: rail.master,
            layout: .standard,
            to: rail.provider.walletAddress,
            comment: "bread",
            by: "alice",
            forwardAmount: UInt128(forward)
        )
        try rail.chain.settle()
        // Something has come to our jetton wallet, whatever became of it.
        #expect(!rail.chain.history(of: ours).isEmpty)
        let found = try await rail.scan(rail.jetton).observations.compactMap(\.incoming)
        #expect(found.map(\.amount.units) == (taking == .takesThem ? [40] : []))
    }

    @Test("and everything else add up to the account's balance, to the nanoton")
    func balance() async throws {
        let rail = try Rail()
        let alice = try rail.chain.customer("alice")
        let wallet = rail.provider.walletAddress
        try rail.chain.pay(3_000_000_000, to: wallet, comment: "a", by: "alice")
        try rail.chain.settle()
        let first = try await rail.prepare(rail.order(700_000_000, rail.coin, to: alice.address))
        #expect(await rail.provider.submit(first) == .accepted)
        try rail.chain.settle()
        try rail.chain.pay(5, to: wallet, comment: nil, by: "alice", bounce: true)
        rail.chain.arriveBounced(77, at: wallet, body: try Cell.empty(), from: alice.address)
        try rail.chain.settle()
        let second = try await rail.prepare(rail.order(1, rail.coin, to: alice.address))
        _ = await rail.provider.submit(second)
        try rail.chain.settle()
        let page = try await rail.scan(rail.coin)
        let sum = try Amount.sum(
            page.observations.compactMap(\.coins).map { Amount(asset: rail.coin, units: $0) },
            asset: rail.coin
        )
        #expect(sum.units == Int256(rail.chain.balance(of: wallet)))
        #expect(rail.chain.imbalance == 0)
    }
}

@Suite("Money sent on TON")
struct TONSendingTests {
    private func funded() async throws -> (Rail, FixtureTON.Customer) {
        let rail = try Rail()
        try rail.chain.pay(3_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try rail.chain.settle()
        return (rail, try rail.chain.customer("alice"))
    }

    @Test("arrives once when the reply is lost and the same bytes are sent a hundred times")
    func lostReply() async throws {
        let (rail, alice) = try await funded()
        let order = rail.order(1_000_000_000, rail.coin, to: alice.address)
        let prepared = try await rail.prepare(order)
        var faults = FixtureTON.Faults()
        faults.lostReplies = 1
        rail.chain.set(faults)
        guard case .unknown = await rail.provider.submit(prepared) else {
            Issue.record("a lost reply was taken for an answer")
            return
        }
        for _ in 0..<100 {
            _ = await rail.provider.submit(prepared)
            try rail.chain.mine()
        }
        let arrived = rail.chain.history(of: alice.address).filter { transaction in
            if case .internal(let message) = transaction.inMessage { return message.value == 1_000_000_000 }
            return false
        }
        #expect(arrived.count == 1)
        guard case .confirmed(_, let fee, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("it has arrived")
            return
        }
        // The scan's spend equals the amount and the fee of the transfer.
        let sent = try await rail.scan(rail.coin).observations.compactMap { observation -> SentTransfer? in
            if case .sent(let sent) = observation { return sent }
            return nil
        }
        #expect(sent.map(\.hash) == [prepared.hash])
        let total = try order.amount.adding(try #require(fee))
        #expect(sent.first?.movement.amount == (try total.negated()))
    }

    @Test("that the wallet never took is dead only once the block time has passed its end")
    func expiry() async throws {
        let (rail, alice) = try await funded()
        // The first request of a wallet deploys it and has no end, so another one is sent before.
        let deploying = try await rail.prepare(rail.order(1, rail.coin, to: alice.address))
        #expect(deploying.validUntil == nil)
        _ = await rail.provider.submit(deploying)
        try rail.chain.settle()
        let order = rail.order(2, rail.coin, to: alice.address)
        let prepared = try await rail.prepare(order)
        #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        rail.clock.advance(by: .seconds(400))
        // Our clock is ahead; no block is.
        await #expect(throws: Never.self) { try await rail.provider.fate(of: prepared, for: order) == .pending }
        try rail.chain.mine()
        guard case .dead = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("it has ended and is not dead")
            return
        }
        _ = await rail.provider.submit(prepared)
        try rail.chain.settle()
        guard case .dead = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("it is dead no longer")
            return
        }
    }

    @Test("is not signed by a time in the future, and is found and ends whatever a node once said of the time")
    func liesAboutTime() async throws {
        let (rail, alice) = try await funded()
        let deploying = try await rail.prepare(rail.order(1, rail.coin, to: alice.address))
        _ = await rail.provider.submit(deploying)
        try rail.chain.settle()
        let order = rail.order(2, rail.coin, to: alice.address)
        let prepared = try await rail.prepare(order)
        // As stored if it had been signed by the time of a node that was hours ahead.
        let end = try #require(prepared.validUntil).advanced(by: .seconds(20_000))
        let misled = PreparedTransfer(
            bytes: prepared.bytes,
            hash: prepared.hash,
            sequence: prepared.sequence,
            validUntil: end
        )
        _ = await rail.provider.submit(prepared)
        try rail.chain.settle()
        guard case .confirmed = try await rail.provider.fate(of: misled, for: order) else {
            Issue.record("it has left and is not confirmed")
            return
        }
        // The chain's blocks are hours ahead of our clock.
        let later = rail.order(3, rail.coin, to: alice.address)
        let open = try await rail.prepare(later)
        rail.clock.advance(by: .seconds(20_000))
        try rail.chain.mine()
        rail.clock.advance(by: .seconds(-20_000))
        #expect(try await rail.provider.fate(of: open, for: later) == .pending)
        await #expect(throws: ProviderError(.lagging, "")) { try await rail.prepare(later) }
    }

    @Test("in jettons is confirmed once the receiver's jetton wallet has credited it")
    func jettons() async throws {
        let (rail, alice) = try await funded()
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try rail.chain.settle()
        let order = rail.order(30, rail.jetton, to: alice.address)
        let prepared = try await rail.prepare(order)
        #expect(await rail.provider.submit(prepared) == .accepted)
        try rail.chain.mine()
        #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
        try rail.chain.settle()
        guard case .confirmed = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("it has arrived")
            return
        }
        let stated = try await rail.provider.balances(of: []).balances
        #expect(stated.contains(Amount(asset: rail.jetton, units: 70)))
    }

    @Test("needs a valid destination and enough money")
    func refused() async throws {
        let (rail, alice) = try await funded()
        let wrong = TransferOrder(
            id: "po_1",
            amount: Amount(asset: rail.coin, units: 1),
            destination: "nowhere",
            comment: nil
        )
        await #expect(throws: ProviderError(.refused, "")) { try await rail.prepare(wrong) }
        let tooMuch = rail.order(9_000_000_000, rail.coin, to: alice.address)
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.prepare(tooMuch) }
    }
}
