import Cryptography
import FixtureTON
import HTTPMessages
import Money
import Providers
import Seams
import Signing
import Synchronization
import TON
import Testing

@testable import ProviderTON

/// The requests that reached a chain.
final class Requests: Sendable {
    private let made = Mutex<[String]>([])

    func add(_ url: String) { made.withLock { $0.append(url) } }

    /// Those of one method since the last look.
    func take(_ method: String) -> [String] {
        made.withLock { made in
            defer { made = [] }
            return made.filter { $0.contains("/\(method)?") || $0.hasSuffix("/\(method)") }
        }
    }
}

/// A fixture chain without sockets, whose requests are counted.
private struct CountedTransport: HTTPTransport {
    let chain: FixtureTON
    let requests: Requests

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        requests.add(request.url)
        return await chain.respond(to: request)
    }
}

@Suite("A look at many TON accounts")
struct AccountLookTests {
    /// Many owners with coins and jettons.
    private struct Crowd {
        let rail: Rail
        let requests = Requests()
        let provider: TONProvider
        let owners: [TONAddress]
        var positions: [ScanAccount: String] = [:]

        init(_ count: Int, seed: UInt64 = 1) throws {
            rail = try Rail(deposit: .derived)
            provider = try TONProvider(
                configuration: rail.provider.configuration,
                client: ToncenterClient(
                    transport: CountedTransport(chain: rail.chain, requests: requests),
                    baseURL: "http://chain",
                    apiKey: nil,
                    network: .testnet
                ),
                signer: WalletSigner(for: rail.provider.configuration),
                clock: rail.clock,
                random: SeededRandom(seed: 9)
            )
            owners = try (0..<count).map { number in
                try TONAddress(workchain: 0, hash: CellHash(SHA256.hash(Array("\(seed) owner \(number)".utf8))))
            }
        }

        func account(_ owner: TONAddress, _ asset: AssetID) -> ScanAccount {
            ScanAccount(account: owner.raw, subject: asset.text)
        }

        /// The coins of all owners, with their positions.
        var coins: [PlacedAccount] { owners.map { placed(account($0, rail.coin)) } }

        func placed(_ account: ScanAccount) -> PlacedAccount {
            PlacedAccount(account: account, position: positions[account])
        }

        func pay(_ owner: TONAddress) throws {
            try rail.chain.pay(1_000_000_000, to: owner, comment: nil, by: "alice")
            try rail.chain.settle()
        }

        func look(at accounts: [PlacedAccount]) async throws -> AccountLook {
            try #require(try await provider.look(at: accounts))
        }

        func page(_ placed: PlacedAccount) async throws -> ScanPage {
            try await provider.page(of: placed.account, after: placed.position, watching: HandedOut())
        }

        /// Reads the coins of all owners to their ends.
        mutating func readAll() async throws {
            for placed in coins { positions[placed.account] = try await page(placed).position }
        }
    }

    static let seeds: [UInt64] = (1...6).map { $0 }

    @Test(
        "tells those that moved from those that did not as reading each of them does, whatever came to which",
        arguments: seeds
    )
    func law(seed: UInt64) async throws {
        var crowd = try Crowd(24, seed: seed)
        let rail = crowd.rail
        var random = SeededRandom(seed: seed)
        for _ in 0..<40 {
            try rail.chain.mint(5, of: rail.master, layout: .standard, to: rail.chain.customer("alice").address)
        }
        try rail.chain.settle()
        for _ in 0..<4 {
            for owner in crowd.owners where Int.random(in: 0..<4, using: &random) == 0 {
                if Bool.random(using: &random) {
                    try crowd.pay(owner)
                } else {
                    try rail.chain.payJetton(
                        1,
                        of: rail.master,
                        layout: .standard,
                        to: owner,
                        comment: nil,
                        by: "alice"
                    )
                    try rail.chain.settle()
                }
            }
            rail.clock.advance(by: .seconds(5))
            try rail.chain.mine()
            let accounts = crowd.owners.flatMap { owner in
                [rail.coin, rail.jetton].map { crowd.placed(crowd.account(owner, $0)) }
            }
            let look = try await crowd.look(at: accounts)
            #expect(look.asOf == rail.clock.now() && Set(look.sights.keys) == Set(accounts.map(\.account)))
            for placed in accounts {
                let page = try await crowd.page(placed)
                switch look.sights[placed.account] {
                case .unmoved:
                    #expect(page.position == placed.position && page.observations.isEmpty, "seed \(seed)")
                case .moved(let tip):
                    let seen = try await crowd.provider.page(of: placed, upTo: tip, watching: HandedOut())
                    #expect(seen == page && seen.position != placed.position, "seed \(seed)")
                    // Some are left for the next round.
                    if Bool.random(using: &random) { crowd.positions[placed.account] = seen.position }
                case .unclear, nil: Issue.record("seed \(seed): nothing is known of \(placed.account)")
                }
            }
        }
    }

    @Test("asks for the head once and for 1,000 accounts at once, and a history without asking for the head again")
    func requests() async throws {
        let crowd = try Crowd(2_500)
        try crowd.pay(crowd.owners[7])
        let look = try await crowd.look(at: crowd.coins)
        let urls = crowd.requests.take("accountStates")
        #expect(urls.count == 3 && urls.allSatisfy { $0.contains("include_boc=false") })
        _ = try await crowd.look(at: crowd.coins)
        #expect(crowd.requests.take("masterchainInfo").count == 1)
        let moved = look.sights.compactMap { account, sight -> (ScanAccount, AccountTip)? in
            if case .moved(let tip) = sight { (account, tip) } else { nil }
        }
        #expect(moved.map(\.0) == [crowd.account(crowd.owners[7], crowd.rail.coin)])
        let page = try await crowd.provider.page(
            of: crowd.placed(moved[0].0),
            upTo: moved[0].1,
            watching: HandedOut()
        )
        #expect(page.observations.compactMap(\.incoming).count == 1)
        #expect(crowd.requests.take("getTransactions").count == 1)
        _ = try await crowd.provider.page(of: crowd.placed(moved[0].0), upTo: moved[0].1, watching: HandedOut())
        #expect(crowd.requests.take("masterchainInfo").isEmpty)
    }

    @Test("stops for no account: one that cannot be read, or for which the node fails, is asked for by itself")
    func single() async throws {
        let crowd = try Crowd(40)
        for owner in crowd.owners[..<12] { try crowd.pay(owner) }
        var faults = FixtureTON.Faults()
        faults.unreadable = [crowd.owners[3]]
        faults.unanswerable = [crowd.owners[7]]
        crowd.rail.chain.set(faults)
        let look = try await crowd.look(at: crowd.coins)
        for (number, placed) in crowd.coins.enumerated() {
            switch (number, look.sights[placed.account]) {
            case (3, .unclear), (7, .unclear), (12..., .unmoved): break
            case (0..<12, .moved) where number != 3 && number != 7: break
            case (_, let sight): Issue.record("account \(number) was seen as \(String(describing: sight))")
            }
        }
        // Each of them fails by itself.
        for number in [3, 7] {
            await #expect(throws: ProviderError.self) { try await crowd.page(crowd.coins[number]) }
        }
        // A position that cannot be read is one account's as well.
        let broken = PlacedAccount(account: crowd.coins[0].account, position: "nonsense")
        let next = try await crowd.look(at: [broken] + crowd.coins[1...])
        #expect(next.sights[broken.account] == .unclear && next.sights.count == 40)
    }

    @Test("fails when the node answers nothing, and asks it no more than a few times")
    func away() async throws {
        let crowd = try Crowd(100)
        for owner in crowd.owners[..<3] { try crowd.pay(owner) }
        var faults = FixtureTON.Faults()
        faults.unanswerable = Set(crowd.owners)
        crowd.rail.chain.set(faults)
        let look = try? await crowd.provider.look(at: crowd.coins)
        #expect(look?.sights.values.contains { if case .moved = $0 { true } else { false } } != true)
        #expect(crowd.requests.take("accountStates").count <= 60)
        faults = .init()
        faults.rateLimits = 100
        crowd.rail.chain.set(faults)
        await #expect(throws: ProviderError.self) { try await crowd.provider.look(at: crowd.coins) }
        #expect(crowd.requests.take("accountStates").isEmpty)
    }

    @Test("asks for as many accounts as the node takes in a URL, and remembers it")
    func longURL() async throws {
        let crowd = try Crowd(100)
        try crowd.pay(crowd.owners[99])
        var faults = FixtureTON.Faults()
        faults.longestURL = 57 * 30
        crowd.rail.chain.set(faults)
        for round in 0..<2 {
            let look = try await crowd.look(at: crowd.coins)
            #expect(look.sights.values.count { $0 == .unmoved } == 99)
            let urls = crowd.requests.take("accountStates")
            let refused = urls.filter { $0.utf8.count > faults.longestURL }
            #expect(refused.count == (round == 0 ? 2 : 0), "\(urls.map(\.utf8.count))")
            #expect(urls.count - refused.count == 4)
        }
    }

    @Test("asks again for what an answer has left out, so that nothing counts as untouched that is not")
    func leftOut() async throws {
        var crowd = try Crowd(20)
        for owner in crowd.owners { try crowd.pay(owner) }
        try await crowd.readAll()
        for owner in crowd.owners[..<9] { try crowd.pay(owner) }
        var faults = FixtureTON.Faults()
        faults.mostStates = 6
        crowd.rail.chain.set(faults)
        _ = crowd.requests.take("")
        let look = try await crowd.look(at: crowd.coins)
        for (number, placed) in crowd.coins.enumerated() {
            #expect((look.sights[placed.account] == .unmoved) == (number >= 9), "account \(number)")
        }
        #expect(crowd.requests.take("accountStates").count == 4)
    }

    @Test("forgets a contradiction as soon as the history is what was read, as reading does")
    func patience() async throws {
        let nodes = try TwoNodes()
        let (position, known) = try await nodes.paidTwice()
        let account = ScanAccount(account: nodes.wallet.raw, subject: nodes.coin.text)
        let placed = PlacedAccount(account: account, position: known)
        var instead = FixtureTON.Invention()
        instead.instead = 1
        // It lies for nine minutes, is honest for a moment, and lies again.
        for round in 0..<3 {
            // The same lie each time, to the second.
            instead.earlier = UInt32(540 * round)
            try nodes.invent("invented", instead)
            #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
            try nodes.wait(540)
            #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
            nodes.becomeHonest()
            #expect(try await nodes.provider.look(at: [placed])?.sights[account] == .unmoved)
        }
        // What stays is believed in the end, by the tip that a look has seen.
        instead.earlier = 0
        try nodes.invent("invented", instead)
        guard case .moved(let tip) = try await nodes.provider.look(at: [placed])?.sights[account] else {
            Issue.record("another history is seen")
            return
        }
        func back() async throws -> ScanPage {
            try await nodes.provider.page(of: placed, upTo: tip, watching: HandedOut())
        }
        await #expect(throws: ProviderError.self) { try await back() }
        try nodes.wait(600)
        #expect(try await back().position == position)
    }

    @Test(
        "is shared by several nodes, each of which has the same accounts every time, and what one shows it is read from"
    )
    func shared() async throws {
        let crowd = try Crowd(60)
        for owner in crowd.owners[..<8] { try crowd.pay(owner) }
        let all = [Requests(), Requests(), Requests()]
        func node(_ requests: Requests, _ chain: FixtureTON) -> ToncenterClient {
            let transport = CountedTransport(chain: chain, requests: requests)
            return ToncenterClient(transport: transport, baseURL: "http://chain", apiKey: nil, network: .testnet)
        }
        // The third one is another chain's, whose head is old.
        let other = FixtureTON(clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
        let chains = [crowd.rail.chain, crowd.rail.chain, other]
        let nodes = zip(all, chains).map { node($0, $1) }
        let provider = try TONProvider(
            configuration: crowd.rail.provider.configuration,
            client: nodes[0],
            readers: Array(nodes[1...]),
            signer: WalletSigner(for: crowd.rail.provider.configuration),
            clock: crowd.rail.clock,
            random: SeededRandom(seed: 9)
        )
        var asked: [Set<String>] = []
        for _ in 0..<3 {
            let look = try #require(try await provider.look(at: crowd.coins))
            #expect(look.asOf == crowd.rail.clock.now() && look.sights.count == 60)
            #expect(look.sights.values.count { $0 == .unmoved } == 52)
            asked.append(Set(all[0].take("accountStates")))
            #expect(all[1].take("accountStates").count == 1 && all[2].take("accountStates").isEmpty)
        }
        #expect(Set(asked).count == 1 && asked[0].count == 1)
        let look = try #require(try await provider.look(at: crowd.coins))
        for placed in crowd.coins[..<8] {
            guard case .moved(let tip) = look.sights[placed.account] else { continue }
            _ = try await provider.page(of: placed, upTo: tip, watching: HandedOut())
        }
        let read = (all[0].take("getTransactions").count, all[1].take("getTransactions").count)
        #expect(read.0 + read.1 == 8 && read.0 > 0 && read.1 > 0, "\(read)")
        // When one of them is away, the other has all.
        let alone = try TONProvider(
            configuration: crowd.rail.provider.configuration,
            client: nodes[2],
            readers: [nodes[1]],
            signer: WalletSigner(for: crowd.rail.provider.configuration),
            clock: crowd.rail.clock,
            random: SeededRandom(seed: 9)
        )
        #expect(try await alone.look(at: crowd.coins)?.sights.values.count { $0 == .unmoved } == 52)
        #expect(all[1].take("accountStates").count == 1)
    }

    @Test("is refused by a node whose head is old")
    func lag() async throws {
        let crowd = try Crowd(3)
        crowd.rail.clock.advance(by: .seconds(121))
        await #expect(throws: ProviderError(.lagging, "")) { try await crowd.provider.look(at: crowd.coins) }
    }

    @Test("adds up the balances of many accounts in as few requests")
    func balances() async throws {
        let crowd = try Crowd(1_500)
        for owner in crowd.owners[..<4] { try crowd.pay(owner) }
        let stated = try await crowd.provider.balances(of: crowd.coins.map(\.account), at: nil)
        #expect(stated.balances.contains(Amount(asset: crowd.rail.coin, units: 4_000_000_000)))
        #expect(crowd.requests.take("accountStates").count == 2)
    }
}

@Suite("The size of a question")
struct BatchSizeTests {
    @Test(
        "ends at what the node takes, is never more than 1,000, and grows again",
        arguments: [1, 7, 218, 287, 999, 1_000, 5_000]
    )
    func law(limit: Int) {
        var size = BatchSize()
        var refused = 0
        func ask() {
            let asked = size.count
            #expect((1...BatchSize.most).contains(asked))
            if asked > limit {
                refused += 1
                size.refused(asked)
                let lowered = size.count
                // Others that are longer were on their way.
                size.refused(BatchSize.most)
                #expect(size.count == lowered)
            } else {
                size.answered(asked)
            }
        }
        for _ in 0..<12 { ask() }
        #expect(size.count <= limit && size.isProven && refused <= 10)
        #expect(size.count * 2 > min(limit, BatchSize.most))
        let before = refused
        for _ in 0..<(20 * BatchSize.patience) { ask() }
        #expect(refused - before <= 20)
        // A shorter question proves nothing of a longer one.
        var other = BatchSize()
        other.answered(10)
        #expect(!other.isProven)
    }
}
