import BigInt
import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import Seams
import SigningDesk
import Testing

@Suite("Nodes of an EVM chain")
struct NodeTests {
    private func set(_ rail: EVMRail, nodes: Range<Int>, _ change: (inout FixtureEVM.Faults) -> Void) {
        var faults = FixtureEVM.Faults()
        change(&faults)
        for node in nodes { rail.chain.set(faults, node: node) }
    }

    private func paid(_ rail: EVMRail) async throws {
        let (address, _) = try await rail.open(rail.tokenAsset)
        try rail.chain.sendToken(7, of: rail.token, to: address, by: "alice")
        rail.chain.mine(4)
    }

    @Test("that lag move neither the cursor nor money")
    func lag() async throws {
        let rail = try EVMRail()
        rail.chain.mine(20)
        let position = try await rail.scan().position
        try await paid(rail)
        set(rail, nodes: 0..<3) { $0.lag = 10 }
        await #expect(throws: ProviderError(.lagging, "")) { try await rail.page(after: position) }
        set(rail, nodes: 0..<3) { $0.lag = 0 }
        #expect(try await rail.credits(from: position).count == 1)
    }

    @Test("that lag are outvoted by two that do not")
    func oneLags() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        set(rail, nodes: 0..<1) { $0.lag = 100 }
        #expect(try await rail.credits().count == 1)
    }

    @Test("that leave logs out are refused, because the receipts must match the block's root")
    func logsLeftOut() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        set(rail, nodes: 0..<3) { $0.emptyLogs = 1_000 }
        #expect(try await rail.credits().count == 1)
        // A receipt without its logs gives another root.
        let fresh = try EVMRail()
        try await paid(fresh)
        fresh.transport.changeAnswers { _, text in
            text.replacing(/"logs":\[\{.*?\}\]/, with: "\"logs\":[]")
        }
        await #expect(throws: ProviderError(.malformed, "")) { try await fresh.credits() }
    }

    @Test("decide by quorum about logs on a chain whose receipts cannot be checked")
    func quorumOfLogs() async throws {
        let rail = try EVMRail(checksRoots: false)
        try await paid(rail)
        set(rail, nodes: 0..<1) { $0.emptyLogs = 1_000 }
        #expect(try await rail.credits().count == 1)
        let fresh = try EVMRail(checksRoots: false)
        try await paid(fresh)
        set(fresh, nodes: 0..<1) { $0.emptyLogs = 1_000 }
        set(fresh, nodes: 1..<2) { $0.failures = 1_000 }
        await #expect(throws: ProviderError(.malformed, "")) { try await fresh.credits() }
    }

    @Test("that lie about amounts or success are found out, one alone and all together", arguments: [1, 3])
    func lies(count: Int) async throws {
        for lie in 0..<2 {
            let rail = try EVMRail()
            let (paid, _) = try await rail.open(rail.tokenAsset)
            try rail.chain.sendToken(7, of: rail.token, to: paid, by: "alice")
            let (address, _) = try await rail.open(rail.tokenAsset)
            rail.chain.changeToken(rail.token) { $0.blocked = [address] }
            try rail.chain.sendToken(7, of: rail.token, to: address, by: "mallory")
            rail.chain.mine(4)
            set(rail, nodes: 0..<count) { faults in
                faults.liesAboutLogs = lie == 0
                faults.liesAboutStatus = lie == 1
            }
            guard count == 3 else {
                #expect(try await rail.credits().map(\.amount.units) == [7])
                continue
            }
            await #expect(throws: ProviderError(.malformed, "")) { try await rail.credits() }
        }
    }

    @Test("that lie about a wallet's nonce decide nothing, also while others are away")
    func numbers() async throws {
        let rail = try EVMRail()
        rail.fund()
        let receiver = try rail.chain.customer("alice").address
        for number in 1...3 {
            let prepared = try await rail.prepare(rail.order(5, rail.coin, to: receiver))
            #expect(prepared.sequence == Int64(number - 1))
            #expect(await rail.provider.submit(prepared) == .accepted)
            rail.chain.mine(4)
        }
        for liar in 0..<3 {
            for away in [0, 1, 2, nil] where away != liar {
                for node in 0..<3 { set(rail, nodes: node..<(node + 1)) { $0.deniesNumbers = node == liar } }
                if let away { set(rail, nodes: away..<(away + 1)) { $0.failures = 1_000 } }
                guard away == nil else {
                    await #expect(throws: ProviderError.self) {
                        try await rail.provider.readWallet(nil, scannedTo: nil)
                    }
                    continue
                }
                let reading = try await rail.provider.readWallet(nil, scannedTo: nil)
                #expect(reading.numbers == .inTurn(next: 3, pending: 3), "\(liar)")
            }
        }
    }

    @Test("that lie are outvoted where roots cannot be checked")
    func outvoted() async throws {
        let rail = try EVMRail(checksRoots: false)
        try await paid(rail)
        set(rail, nodes: 0..<1) { $0.liesAboutLogs = true }
        #expect(try await rail.credits().map(\.amount.units) == [7])
    }

    @Test(
        "that change or leave out a chain transaction are found out by its hash and the block's root",
        arguments: [true, false],
        [true, false]
    )
    func changedTransactions(isLeftOut: Bool, checksRoots: Bool) async throws {
        for liars in [1, 3] {
            let rail = try EVMRail(checksRoots: checksRoots)
            let (address, _) = try await rail.open(rail.coin)
            try rail.chain.send(5, to: address, by: "alice")
            rail.chain.mine(4)
            rail.transport.changeAnswers { node, text in
                guard liars == 3 || node == "http://chain/evm" else { return text }
                return isLeftOut
                    ? text.replacing(/"transactions":\[\{.*?\}\]/, with: "\"transactions\":[]")
                    : text.replacing("\"value\":\"0x5\"", with: "\"value\":\"0x500\"")
            }
            // Without roots the quorum decides, and three nodes with the same omission are believed.
            let isUndetectable = liars == 3 && isLeftOut && !checksRoots
            if liars == 3, !isUndetectable {
                await #expect(throws: ProviderError(.malformed, "")) { try await rail.credits() }
            } else {
                #expect(try await rail.credits().map(\.amount.units) == (isUndetectable ? [] : [5]))
            }
        }
    }

    @Test(
        "that lie about log indexes, gas or its price are found out: these are computed from what the roots cover",
        arguments: [
            ("\"logIndex\":\"0x0\"", "\"logIndex\":\"0x7\""), ("\"gasUsed\":\"0x", "\"gasUsed\":\"0x1"),
            ("\"effectiveGasPrice\":\"0x", "\"effectiveGasPrice\":\"0x1"),
        ]
    )
    func liesBesideTheRoot(truth: String, lie: String) async throws {
        for liars in [1, 3] {
            let rail = try EVMRail()
            try await paid(rail)
            rail.transport.changeAnswers { node, text in
                guard liars == 3 || node == "http://chain/evm", text.contains("effectiveGasPrice") else { return text }
                return text.replacing(truth, with: lie)
            }
            if liars == 3 {
                await #expect(throws: ProviderError(.malformed, "")) { try await rail.credits() }
            } else {
                #expect(try await rail.credits().first?.naturalKey.text.hasSuffix(" 0") == true)
            }
        }
    }

    @Test("are asked for balances only around blocks in which our accounts moved, for all accounts at once")
    func requests() async throws {
        func requests(ours: Int) async throws -> [String] {
            let rail = try EVMRail()
            var accounts: [EVMAddress] = []
            for _ in 0..<10 { accounts.append(try await rail.open(rail.coin).address) }
            for _ in 0..<10 {
                try rail.chain.send(5, to: rail.chain.customer("carol").address, by: "alice")
                try rail.chain.sendToken(5, of: rail.token, to: rail.chain.customer("carol").address, by: "alice")
                rail.chain.mine()
            }
            for account in accounts.prefix(ours) { try rail.chain.send(5, to: account, by: "bob") }
            rail.chain.mine(4)
            #expect(try await rail.credits().count == ours)
            return rail.transport.requests()
        }
        func isAboutBalances(_ request: String) -> Bool { request.contains("eth_getBalance") }
        let (none, one, ten) = (try await requests(ours: 0), try await requests(ours: 1), try await requests(ours: 10))
        #expect(!none.contains(where: isAboutBalances))
        // Two nodes have to agree.
        #expect(one.filter(isAboutBalances).count == 2)
        #expect(ten.filter(isAboutBalances).count == 2)
        #expect(ten.count == one.count)
    }

    @Test("without an archive do not hold up old blocks, whose visible coin transfers count without balances")
    func forgottenStates() async throws {
        let rail = try EVMRail()
        let (address, _) = try await rail.open(rail.coin)
        try rail.chain.send(5, to: address, by: "alice")
        rail.chain.mine(50)
        rail.transport.changeAnswers { _, text in
            // The form of an answer to balances only.
            text.contains(/^\[\{"jsonrpc":"2.0","id":0,"result":"0x[0-9a-f]*"\},\{"jsonrpc":"2.0","id":1,"result":"0x/)
                ? "[{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32000,\"message\":\"missing trie node\"}},"
                    + "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"missing trie node\"}}]"
                : text
        }
        // A node without recent balances is broken or on another branch.
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.credits() }
        rail.chain.mine(100)
        #expect(try await rail.credits().map(\.amount.units) == [5])
    }

    @Test("that disagree on a block hold the scan until they agree")
    func disagreement() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        try await rail.provider.checkConfiguration()
        rail.transport.changeAnswers { node, text in
            // The first block stays, by which a node names its chain.
            let first = "\"\(rail.chain.genesis)\""
            let changed = text.replacing(first, with: "first").replacing(
                "\"hash\":\"0x",
                with: "\"hash\":\"0x0\(node.last ?? "0")"
            )
            return node == "http://chain/evm" ? text : changed.replacing("first", with: first)
        }
        await #expect(throws: ProviderError(.malformed, "")) { try await rail.credits() }
        rail.transport.changeAnswers(nil)
        #expect(try await rail.credits().count == 1)
    }

    @Test("of another chain, or with another first block, are refused before the gateway starts")
    func wrongChain() async throws {
        let rail = try EVMRail()
        try await rail.provider.checkConfiguration()
        set(rail, nodes: 1..<2) { $0.chainID = 1 }
        await #expect(throws: ProviderError(.refused, "")) { try await rail.provider.checkConfiguration() }
        let other = try EVMRail()
        other.transport.changeAnswers { _, text in
            text.replacing("\(other.chain.genesis)", with: "0x" + String(repeating: "1", count: 64))
        }
        await #expect(throws: ProviderError(.refused, "")) { try await other.provider.checkConfiguration() }
    }

    @Test("are asked for their chain again after they were unreachable")
    func chainChangedBehindTheURL() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        _ = try await rail.credits()
        // Another node may answer afterwards.
        set(rail, nodes: 0..<3) { faults in
            faults.failures = 1
            faults.chainID = 1
        }
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.credits() }
        await #expect(throws: ProviderError(.refused, "")) { try await rail.credits() }
    }

    @Test("are asked for their chain in every pass, because a URL may lead to another node without failing")
    func chainChangedQuietly() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        _ = try await rail.credits()
        set(rail, nodes: 0..<3) { $0.chainID = 1 }
        await #expect(throws: ProviderError(.refused, "")) { try await rail.credits() }
        set(rail, nodes: 0..<2) { $0.chainID = nil }
        #expect(try await rail.credits().count == 1)
    }

    @Test("that are unreachable do not stop the start, and are left out while others agree")
    func unreachable() async throws {
        let rail = try EVMRail()
        try await paid(rail)
        set(rail, nodes: 0..<1) { $0.failures = 10_000 }
        try await rail.provider.checkConfiguration()
        #expect(try await rail.credits().count == 1)
        set(rail, nodes: 1..<2) { $0.rateLimits = 10_000 }
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.credits() }
    }

    @Test("find the fork of a reorganisation of any depth", arguments: [1, 2, 3, 5, 10, 50, 200])
    func reorganisation(depth: Int) async throws {
        let rail = try EVMRail()
        rail.chain.mine(20)
        var payments: [IncomingTransfer] = []
        var position: String?
        for _ in 0..<20 {
            let (address, _) = try await rail.open(rail.coin)
            try rail.chain.send(5, to: address, by: "alice")
            rail.chain.mine(15)
            let page = try await rail.scan(from: position)
            payments += page.observations.compactMap(\.incoming)
            position = page.position
        }
        let height = Int(rail.chain.height)
        rail.chain.reorganise(depth: depth, dropping: true)
        rail.chain.mine(3)
        let page = try await rail.page(after: position)
        let gone = Set(payments.filter { Self.block(of: $0) > height - depth }.map(\.naturalKey))
        let isDeep = depth >= 3
        #expect((page.revisedSince != nil) == isDeep)
        if let since = page.revisedSince {
            // All lost blocks are after that moment, so that their transfers are asked for again.
            #expect(payments.filter { gone.contains($0.naturalKey) }.allSatisfy { $0.occurredAt >= since })
        }
        let vanished = try await rail.provider.vanished(among: payments.map(EVMRail.payment))
        #expect(Set(vanished) == gone)
        // The rest of the scan joins up, and nothing is paid twice.
        let rest = try await rail.credits(from: page.position)
        #expect(rest.allSatisfy { !gone.contains($0.naturalKey) })
    }

    private static func block(of transfer: IncomingTransfer) -> Int {
        let match = transfer.evidence.firstMatch(of: /"block":"([0-9]+)"/)
        return match.flatMap { Int($0.1) } ?? -1
    }

    @Test("show pending payments, until they are final or gone")
    func sightings() async throws {
        let rail = try EVMRail()
        rail.chain.mine(5)
        let position = try await rail.scan().position
        let (address, _) = try await rail.open(rail.coin)
        try rail.chain.send(5, to: address, by: "alice")
        rail.chain.mine()
        let first = try await rail.page(after: position)
        #expect(first.sightings?.map(\.confirmations) == [1])
        #expect(first.sightings?.map(\.required) == [3])
        rail.chain.mine()
        let second = try await rail.page(after: first.position)
        #expect(second.sightings?.map(\.confirmations) == [2])
        rail.chain.reorganise(depth: 2, dropping: true)
        let third = try await rail.page(after: second.position)
        #expect(third.sightings == [])
    }
}

extension EVMRail {
    /// A transfer as it would have been recorded.
    static func payment(_ transfer: IncomingTransfer) -> Payment {
        Payment(
            id: PaymentID(value: 1),
            invoice: nil,
            option: nil,
            merchant: nil,
            rail: .evm,
            provider: "evm",
            naturalKey: transfer.naturalKey,
            amount: transfer.amount,
            value: nil,
            classification: .unmatched,
            payer: transfer.payer,
            refundTarget: transfer.refundTarget,
            evidence: transfer.evidence,
            state: .final,
            occurredAt: transfer.occurredAt,
            recordedAt: transfer.occurredAt,
            availableAt: transfer.availableAt
        )
    }
}
