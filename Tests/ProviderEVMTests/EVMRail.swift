import BigInt
import Cryptography
import EVM
import FixtureEVM
import HTTPMessages
import Money
import Payments
import ProviderEVM
import Providers
import Seams
import SigningDesk
import StrictJSON
import Synchronization

@testable import Signing

/// The fixture chain's nodes without sockets; a test may change their answers.
final class NodeTransport: HTTPTransport {
    private let chain: FixtureEVM
    private let change = Mutex<(@Sendable (String, String) -> String)?>(nil)
    private let log = Mutex<[String]>([])
    private let silent = Mutex<Set<String>>([])
    private let counts = Mutex<[String: Int]>([:])

    /// The requests since this was last asked, each with its calls.
    func requests() -> [String] {
        log.withLock { log in
            defer { log = [] }
            return log
        }
    }

    init(chain: FixtureEVM) {
        self.chain = chain
    }

    /// Changes every answer, given the node's URL and the answer's text.
    func changeAnswers(_ change: (@Sendable (String, String) -> String)?) { self.change.withLock { $0 = change } }

    /// Silences nodes by their URLs.
    func silence(_ nodes: Set<String>) { silent.withLock { $0 = nodes } }

    /// How many requests each node was sent since this was last asked.
    func requestCounts() -> [String: Int] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        counts.withLock { $0[request.url, default: 0] += 1 }
        if silent.withLock({ $0.contains(request.url) }) {
            throw HTTPTransportError(.timedOut, "nothing came within the time")
        }
        log.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
        var inner = request
        inner.url = String(request.url.dropFirst("http://chain".count))
        var response = await chain.respond(to: inner)
        if let change = change.withLock({ $0 }) {
            response.body = Array(change(request.url, String(decoding: response.body, as: UTF8.self)).utf8)
        }
        return response
    }
}

/// The accounts that were handed out in a test.
final class Watched: AccountWatching {
    private let accounts = Mutex<Set<String>>([])

    var count: Int { accounts.withLock(\.count) }

    func add(_ account: String) { accounts.withLock { _ = $0.insert(account) } }

    func watched(among asked: Set<String>) async throws(ProviderError) -> Set<String> {
        accounts.withLock { asked.intersection($0) }
    }
}

/// A provider over a fixture chain with three nodes, of which two have to agree unless it is said otherwise, and a clock that stands still.
struct EVMRail: SigningRail {
    let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
    let chain: FixtureEVM
    let transport: NodeTransport
    let watched = Watched()
    let provider: EVMProvider
    let books = MemoryBooks()
    let token: EVMAddress
    let coin: AssetID
    let tokenAsset: AssetID

    private static let seed = SecretBytes([UInt8](repeating: 3, count: 32))
    /// The keys of the provider's accounts.
    func key(of wallet: OwnWallet) throws -> Secp256k1.PrivateKey {
        try EVMKeys(seed: Self.seed, scheme: EVMScheme(chainID: 31_337)).key(of: wallet)
    }

    init(
        finality: EVMProvider.FinalityRule = .confirmations(3),
        behaviour: FixtureToken.Behaviour = .standard,
        checksRoots: Bool = true,
        nodes: Int = 3,
        quorum: Int = 2,
        over way: ((String, any HTTPTransport) -> any HTTPTransport)? = nil
    ) throws {
        chain = FixtureEVM(clock: clock, chainID: 31_337)
        transport = NodeTransport(chain: chain)
        token = chain.token("dollar", behaviour: behaviour)
        coin = try AssetID("evm:31337:native")
        tokenAsset = try AssetID("evm:31337:erc20:\(token.lowercased)")
        let ways = ["http://chain/evm", "http://chain/evm/1", "http://chain/evm/2"].prefix(nodes)
            .map { [transport] url in
                EVMClient.Node(url: url, transport: way?(url, transport) ?? transport)
            }
        provider = try EVMProvider(
            configuration: .init(
                key: "evm",
                chainID: 31_337,
                isTestNetwork: true,
                tokens: [.init(asset: tokenAsset)],
                finality: finality,
                firstBlock: 0,
                operators: [chain.customer("operator").address],
                checksRoots: checksRoots
            ),
            client: EVMClient(
                nodes: ways,
                quorum: quorum,
                chainID: 31_337,
                genesis: chain.genesis
            ),
            signer: WalletSigner(seed: Self.seed, on: EVMScheme(chainID: 31_337)),
            clock: clock
        )
    }

    /// Opens an option that is watched from then on.
    func open(_ asset: AssetID, _ units: Int64 = 1_000_000) async throws -> (address: EVMAddress, option: OpenedOption)
    {
        let due = Amount(asset: asset, units: Int256(units))
        let id = PaymentOptionID(value: UInt128(watched.count + 1))
        let option = try await provider.open(OpenRequest(option: id, invoice: .sample(due), due: due))
        for account in option.accounts { watched.add(account.account) }
        return (try EVMAddress(option.accounts[0].account), option)
    }

    /// A page of the chain.
    func page(after position: String? = nil) async throws -> ScanPage {
        try await provider.page(of: provider.standingAccounts[0], after: position, watching: watched)
    }

    /// All observations from the chain's beginning, and the scan's position.
    func scan(from position: String? = nil) async throws -> (observations: [Observation], position: String?) {
        var (observations, position): ([Observation], String?) = ([], position)
        while true {
            let page = try await page(after: position)
            observations += page.observations.compactMap(\.shown)
            position = page.position
            guard page.hasMore else { return (observations, position) }
        }
    }

    /// The credited transfers, in order.
    func credits(from position: String? = nil) async throws -> [IncomingTransfer] {
        try await scan(from: position).observations.compactMap(\.incoming)
    }

    /// Puts coins and tokens into the hot wallet.
    func fund() {
        chain.fund(provider.hotWallet, with: BigUInt(10).power(19))
        chain.mint(1_000_000_000, of: token, to: provider.hotWallet)
    }

    func order(_ units: Int64, _ asset: AssetID, to address: EVMAddress) -> TransferOrder {
        TransferOrder(
            id: "po_1",
            amount: Amount(asset: asset, units: Int256(units)),
            destination: address.description,
            comment: nil
        )
    }
}

extension Observation {
    /// What it means where nothing changed an account between its blocks: of a mark only what its own block leaves open.
    fileprivate var shown: Observation? {
        guard case .mark(let mark) = self else { return self }
        guard let rest = mark.rest, !rest.isZero else { return nil }
        return mark.payment(of: rest).map { .incoming($0) } ?? mark.unexplained(rest)
    }

    var incoming: IncomingTransfer? {
        if case .incoming(let transfer) = self { return transfer }
        return nil
    }
}

extension Invoice {
    static func sample(_ price: Amount) -> Self {
        Invoice(
            id: InvoiceID(value: 1),
            merchant: MerchantID(value: 1),
            reference: nil,
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: price,
            toleranceBasisPoints: 0,
            payer: nil,
            metadata: [:],
            createdAt: Timestamp(seconds: 1_800_000_000),
            expiresAt: Timestamp(seconds: 1_800_000_900),
            monitoredUntil: Timestamp(seconds: 1_800_009_000),
            status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
        )
    }
}
