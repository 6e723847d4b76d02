import Cryptography
import FixtureTON
import Money
import Payments
import Providers
import Seams
import Signing
import TON

@testable import ProviderTON

/// A chain that two nodes show, of which the first may lie: the same calls give the same chain.
struct TwoNodes {
    let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
    /// The node that is asked.
    let node: FixtureTON
    /// The other one, which is honest as long as nobody says otherwise.
    let other: FixtureTON
    let provider: TONProvider
    let coin: AssetID
    let jetton: AssetID
    let master: TONAddress

    init(hasWitness: Bool = false) throws {
        node = FixtureTON(clock: clock)
        other = FixtureTON(clock: clock)
        master = try node.jettonMaster("dollar")
        _ = try other.jettonMaster("dollar")
        coin = try AssetID("ton:testnet:native")
        jetton = try AssetID("ton:testnet:jetton:\(master.raw)")
        func client(_ chain: FixtureTON) -> ToncenterClient {
            ToncenterClient(
                transport: ChainTransport(chain: chain),
                baseURL: "http://chain",
                apiKey: nil,
                network: .testnet
            )
        }
        let configuration = TONProvider.Configuration(
            key: "ton",
            network: .testnet,
            walletVersion: .v4r2,
            jettons: [
                .init(
                    asset: jetton,
                    master: master,
                    walletCode: FixtureTON.jettonWalletCode(.standard),
                    layout: .standard
                )
            ],
            deposit: .comment
        )
        provider = try TONProvider(
            configuration: configuration,
            client: client(node),
            witnesses: hasWitness ? [client(other)] : [],
            signer: WalletSigner(for: configuration),
            clock: clock,
            random: SeededRandom(seed: 9)
        )
    }

    var wallet: TONAddress { provider.walletAddress }

    /// Pays twice and reads each payment: the position after the first one, and after both.
    func paidTwice() async throws -> (first: String?, both: String?) {
        try pay("first")
        let first = try await page(coin, after: nil).position
        try pay("second")
        return (first, try await page(coin, after: first).position)
    }

    /// What happens on the chain, whichever node shows it.
    func onChain(_ body: (FixtureTON) throws -> Void) throws {
        for chain in [node, other] {
            try body(chain)
            try chain.settle()
        }
    }

    func pay(_ comment: String) throws {
        try onChain { try $0.pay(1_000_000_000, to: wallet, comment: comment, by: "alice") }
    }

    func payJettons(_ comment: String) throws {
        try onChain { chain in
            try chain.mint(5, of: master, layout: .standard, to: chain.customer("alice").address)
            try chain.settle()
            try chain.payJetton(5, of: master, layout: .standard, to: wallet, comment: comment, by: "alice")
        }
    }

    func invent(_ comment: String, _ invention: FixtureTON.Invention = .init()) throws {
        try node.invent(1_000_000_000, to: wallet, comment: comment, by: "mallory", invention)
    }

    func becomeHonest() { node.set(.init()) }

    /// Time passes, and the chain goes on.
    func wait(_ seconds: Int64) throws {
        clock.advance(by: .seconds(seconds))
        for chain in [node, other] { try chain.mine() }
    }

    func page(_ subject: AssetID, after position: String?) async throws -> ScanPage {
        let account = ScanAccount(account: wallet.raw, subject: subject.text)
        return try await provider.page(of: account, after: position, watching: HandedOut())
    }

    func refusal(_ subject: AssetID, after position: String?) async -> ProviderError? {
        do {
            _ = try await page(subject, after: position)
            return nil
        } catch { return error as? ProviderError }
    }
}

extension ScanPage {
    /// What was paid, by what it says.
    var paid: [String] { observations.compactMap { $0.incoming?.reference?.value } }

    /// Whether payments with these comments came, and no others.
    func pays(_ comments: String...) -> Bool {
        paid == comments.map { TypedComment(Array($0.utf8))?.text ?? "" }
    }

    /// The natural keys of everything that it tells.
    var keys: [NaturalKey] {
        observations.compactMap { observation in
            switch observation {
            case .incoming(let transfer): transfer.naturalKey
            case .movement(let movement): movement.naturalKey
            case .sent(let sent): sent.naturalKey
            case .setAside(let found, _): found.naturalKey
            case .ignored(let key, _): key
            case .mark, .refunded, .vanished, .uncertain: nil
            }
        }
    }
}
