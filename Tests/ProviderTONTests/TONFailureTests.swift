import Cryptography
import FixtureTON
import Money
import Payments
import ProviderTON
import Providers
import Seams
import SigningDesk
import TON
import Testing

@Suite("Failures on TON")
struct TONFailureTests {
    private func funded() async throws -> (Rail, FixtureTON.Customer) {
        let rail = try Rail()
        try rail.chain.pay(3_000_000_000, to: rail.provider.walletAddress, comment: "top-up", by: "operator")
        try rail.chain.settle()
        return (rail, try rail.chain.customer("alice"))
    }

    @Test(
        "a payout of jettons that the receiver's wallet refuses is dead once they are back, with its fee"
    )
    func returned() async throws {
        let (rail, alice) = try await funded()
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try rail.chain.settle()
        let code = FixtureTON.jettonWalletCode(.standard)
        let theirs = try JettonWallet.address(owner: alice.address, master: rail.master, code: code, layout: .standard)
        rail.chain.refuseEverything(at: theirs)
        let order = rail.order(30, rail.jetton, to: alice.address)
        let prepared = try await rail.prepare(order)
        #expect(await rail.provider.submit(prepared) == .accepted)
        // Accepted by our jetton wallet, refused by theirs, and on the way back: the fate is open until the jettons
        // return.
        for _ in 0..<3 {
            #expect(try await rail.provider.fate(of: prepared, for: order) == .pending)
            try rail.chain.mine()
        }
        try rail.chain.settle()
        guard case .dead(_, let fee?, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("the returned payout is not dead")
            return
        }
        #expect(fee.isPositive)
        let stated = try await rail.provider.balances(of: []).balances
        #expect(stated.contains(Amount(asset: rail.jetton, units: 100)))
        // Returned jettons are no deposit.
        #expect(try await rail.scan(rail.jetton).observations.compactMap(\.incoming).map(\.amount.units) == [100])
    }

    @Test("a payout of jettons that the receiver's wallet keeps without crediting them is lost, with a reason")
    func swallowed() async throws {
        let (rail, alice) = try await funded()
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try rail.chain.settle()
        let code = FixtureTON.jettonWalletCode(.standard)
        let theirs = try JettonWallet.address(owner: alice.address, master: rail.master, code: code, layout: .standard)
        rail.chain.swallowEverything(at: theirs)
        let order = rail.order(30, rail.jetton, to: alice.address)
        let prepared = try await rail.prepare(order)
        #expect(await rail.provider.submit(prepared) == .accepted)
        try rail.chain.settle()
        guard case .lost(_, let fee?, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("the payout is not lost")
            return
        }
        #expect(fee.isPositive)
        let stated = try await rail.provider.balances(of: []).balances
        #expect(stated.contains(Amount(asset: rail.jetton, units: 70)))
    }

    @Test(
        "coins that come with a message about jettons are fees up to what we attach, and more is unexplained",
        arguments: [50_000_000, 50_000_001] as [UInt128]
    )
    func stranger(nanotons: UInt128) async throws {
        let (rail, alice) = try await funded()
        let before = try await rail.scan(rail.coin).position
        var body = CellBuilder()
        try body.store(uint: MessageBody.Op.excesses, bits: 32)
        try body.store(uint: UInt64(7), bits: 64)
        let message = try WalletMessage(
            to: rail.provider.walletAddress,
            amount: nanotons,
            bounce: false,
            body: body.build()
        )
        try rail.chain.send([message], by: alice)
        try rail.chain.settle()
        let movements = try await rail.scan(rail.coin, after: before).observations.compactMap { observation in
            if case .movement(let movement) = observation { movement.kind } else { nil }
        }
        #expect(movements == [nanotons > 50_000_000 ? .unexplained : .networkFee])
    }

    @Test("a payout is dead when the wallet used its number without sending")
    func numberMoved() async throws {
        let (rail, alice) = try await funded()
        let order = rail.order(2_900_000_000, rail.coin, to: alice.address)
        let prepared = try await rail.prepare(order)
        // Between signing and sending the wallet has lost the amount.
        rail.chain.chargeStorage(1_000_000_000, at: rail.provider.walletAddress)
        #expect(await rail.provider.submit(prepared) == .accepted)
        try rail.chain.settle()
        #expect(!rail.chain.history(of: rail.provider.walletAddress).isEmpty)
        guard case .dead(let reason, _, _) = try await rail.provider.fate(of: prepared, for: order) else {
            Issue.record("the payout is not dead")
            return
        }
        #expect(reason.contains("did not send it"))
    }

    @Test(
        "a jetton with other wallet addresses on the chain, or without a contract, is refused before the gateway starts"
    )
    func wrongJetton() async throws {
        try await Rail().provider.checkConfiguration()
        let otherLayout = try Rail(jettonLayout: .stablecoin)
        await #expect(throws: ProviderError(.refused, "")) { try await otherLayout.provider.checkConfiguration() }
        let nobody = try TONAddress(workchain: 0, hash: .zero)
        let noJetton = try Rail(master: nobody)
        await #expect(throws: ProviderError(.refused, "")) { try await noJetton.provider.checkConfiguration() }
        // A node that does not answer is no reason to refuse it.
        var faults = FixtureTON.Faults()
        faults.failures = 1
        otherLayout.chain.set(faults)
        await #expect(throws: ProviderError(.unavailable, "")) { try await otherLayout.provider.checkConfiguration() }
    }

    @Test(
        "destinations that lose money are refused in any spelling: address 0, the network's contracts, masters, our own"
    )
    func destinations() async throws {
        for network in [TONNetwork.mainnet, .testnet] {
            let rail = try Rail(network: network)
            let alice = try rail.chain.customer("alice").address
            let hot = rail.provider.walletAddress
            let helper = try JettonWallet.address(
                owner: hot,
                master: rail.master,
                code: FixtureTON.jettonWalletCode(.standard),
                layout: .standard
            )
            let text = alice.friendly(bounceable: true)
            let elector = try TONAddress("-1:" + String(repeating: "3", count: 64))
            let configuration = try TONAddress("-1:" + String(repeating: "5", count: 64))
            let nobody = try TONAddress("0:" + String(repeating: "0", count: 64))
            let master = try TONAddress("-1:" + String(repeating: "0", count: 64))
            var places: [(String, DestinationRefusal.Kind)] = [
                ("", .malformed), ("nowhere", .malformed), (String(text.dropLast()), .malformed),
                (String(text.dropLast()) + (text.hasSuffix("A") ? "B" : "A"), .malformed),
                (try TONAddress(workchain: 1, hash: alice.hash).raw, .network),
            ]
            let accounts: [(TONAddress, DestinationRefusal.Kind)] = [
                (nobody, .nobody), (master, .nobody), (elector, .system), (configuration, .system),
                (rail.master, .token), (hot, .own), (rail.provider.feeWalletAddress, .own), (helper, .own),
            ]
            for (address, kind) in accounts {
                places += [address.raw, address.friendly(bounceable: true), address.friendly(bounceable: false)]
                    .map { ($0, kind) }
            }
            if network == .mainnet { places.append((alice.friendly(bounceable: false, testOnly: true), .network)) }
            for (destination, kind) in places {
                let refusal = #expect(throws: DestinationRefusal.self) {
                    try rail.provider.account(of: destination, for: rail.coin)
                }
                #expect(refusal?.kind == kind, "\(destination)")
                let amount = Amount(asset: rail.coin, units: 1)
                let order = TransferOrder(id: "po_1", amount: amount, destination: destination, comment: nil)
                await #expect(throws: ProviderError(.refused, "")) { try await rail.prepare(order) }
            }
            #expect(try rail.provider.account(of: text, for: rail.coin) == alice.raw)
            // Coins reach the masterchain, jettons do not.
            let far = try TONAddress(workchain: -1, hash: alice.hash)
            #expect(try rail.provider.account(of: far.raw, for: rail.coin) == far.raw)
            #expect(throws: DestinationRefusal.self) { try rail.provider.account(of: far.raw, for: rail.jetton) }
        }
    }

    @Test("a wallet that runs dry is reported before the storage rent freezes it")
    func rent() async throws {
        let (rail, _) = try await funded()
        try rail.chain.mint(100, of: rail.master, layout: .standard, to: rail.provider.walletAddress)
        try rail.chain.settle()
        #expect(try await rail.provider.warnings().isEmpty)
        let code = FixtureTON.jettonWalletCode(.standard)
        let own = try JettonWallet.address(
            owner: rail.provider.walletAddress,
            master: rail.master,
            code: code,
            layout: .standard
        )
        rail.chain.chargeStorage(1_000_000_000, at: own)
        #expect(try await rail.provider.warnings().map { $0.contains("jetton wallet") } == [true])
        rail.chain.chargeStorage(2_950_000_000, at: rail.provider.walletAddress)
        #expect(try await rail.provider.warnings().count == 2)
    }

    /// The key of an option's wallet, as the provider derives it.
    private func key(of option: PaymentOptionID) throws -> Ed25519.PrivateKey {
        let seed = SecretBytes([UInt8](repeating: 3, count: 32))
        let own = try KeyDerivation.hkdfSHA256(
            key: seed,
            salt: Array("settlegate deposit wallet".utf8),
            info: Array(option.text.utf8),
            length: 32
        )
        return try Ed25519.PrivateKey(seed: own)
    }

    @Test(
        "each deposit to an emptied or destroyed wallet is credited once, also when its old request is replayed",
        arguments: [false, true]
    )
    func secondLife(isDestroyed: Bool) async throws {
        let rail = try Rail(deposit: .derived)
        let option = PaymentOptionID(value: 1)
        let due = Amount(asset: rail.coin, units: 1_000_000_000)
        let opened = try await rail.provider.open(
            OpenRequest(option: option, invoice: TONScanTests.invoice(due), due: due)
        )
        let account = opened.accounts[0]
        let address = try TONAddress(account.account)
        var position: String?
        var paid: [IncomingTransfer] = []
        func scan() async throws {
            let page = try await rail.provider.page(of: account, after: position, watching: HandedOut())
            paid += page.observations.compactMap(\.incoming)
            position = page.position
        }
        try rail.chain.pay(1_000_000_000, to: address, comment: nil, by: "alice")
        try rail.chain.settle()
        let node = ToncenterClient(
            transport: ChainTransport(chain: rail.chain),
            baseURL: "http://chain",
            apiKey: nil,
            network: .testnet
        )
        if isDestroyed {
            let key = try key(of: option)
            let wallet = Wallet(version: .v4r2, publicKey: key.publicKey, network: .testnet)
            let everything = try WalletMessage(
                to: rail.provider.walletAddress,
                amount: 0,
                bounce: false,
                body: MessageBody.cell(comment: Array("top-up".utf8)),
                mode: 160
            )
            let signed = try wallet.sign([everything], seqno: 0, validUntil: .max, with: key, deploying: true)
            try await node.send(signed.serialized())
        } else {
            let outcome = try await rail.gather([HoldingAccount(account: address.raw, option: option)])
            #expect(outcome.sent == 1 && outcome.problems.isEmpty)
        }
        try rail.chain.settle()
        #expect(rail.chain.balance(of: address) == 0)
        guard case .externalIn(let request) = rail.chain.history(of: address).last?.inMessage else {
            Issue.record("no request has emptied the wallet")
            return
        }
        try await scan()
        // The second deposit comes while the request is still valid, and the request is sent again many times.
        try rail.chain.pay(1_000_000_000, to: address, comment: nil, by: "alice")
        try rail.chain.settle()
        for _ in 0..<20 {
            try? await node.send(request.cell().serialized())
            try rail.chain.settle()
        }
        try await scan()
        #expect(paid.map(\.amount) == [due, due])
        #expect(Set(paid.map(\.naturalKey)).count == 2)
        // An emptied wallet keeps its number, and refuses the old request for ever; a destroyed one accepts it.
        #expect((rail.chain.balance(of: address) == 0) == isDestroyed)
        // The request moved our own money to our own wallet: no payment is credited there.
        #expect(try await rail.scan(rail.coin).observations.compactMap(\.incoming).isEmpty)
        #expect(rail.chain.imbalance == 0)
    }
}
