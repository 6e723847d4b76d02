import BigInt
import Cryptography
import EVM
import FixtureEVM
import Foundation
import HTTPMessages
import Money
import Payments
import ProviderEVM
import Providers
import Reconciliation
import Records
import Seams
import Signing
import Storage
import StorageSQLite

/// Blocks read, checked and matched per second, with few watched addresses and with ever more.
enum CatchUpBenchmark {
    private struct Node: HTTPTransport {
        let chain: FixtureEVM

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            var inner = request
            inner.url = "/evm"
            return await chain.respond(to: inner)
        }
    }

    private static let blocks = 200
    private static let transactionsPerBlock = 20

    static func run(rounds: Int, watched: [Int]) async throws {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        let chain = FixtureEVM(clock: clock, chainID: 31_337)
        let token = chain.token("dollar")
        for _ in 0..<blocks {
            for number in 0..<transactionsPerBlock {
                let receiver = try EVMAddress(bytes: [UInt8](repeating: UInt8(number), count: 20))
                if number % 2 == 0 {
                    try chain.send(1, to: receiver, by: "payer \(number)")
                } else {
                    try chain.sendToken(1, of: token, to: receiver, by: "payer \(number)")
                }
            }
            chain.mine()
        }
        var rates: [Double] = []
        for count in watched { rates.append(try await rate(chain, token, clock, watched: count, rounds)) }
        let figures = zip(watched, rates).map { "\(Figures.rounded($1)) with \($0)" }.joined(separator: ", ")
        Figures.line(
            "catching up: blocks of \(transactionsPerBlock) chain transactions, receipts and roots checked, a second by"
                + " watched addresses: \(figures); \(Figures.rounded(rates[rates.count - 1] / rates[0])) of the first at the last"
        )
    }

    private static func rate(
        _ chain: FixtureEVM,
        _ token: EVMAddress,
        _ clock: ManualClock,
        watched: Int,
        _ rounds: Int
    ) async throws -> Double {
        let folder = FileManager.default.temporaryDirectory.path + "/bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = try SQLiteDatabase(path: folder + "/bench.sqlite")
        let (merchant, now) = (MerchantID(value: 1), clock.now())
        try await database.write { session in
            try session.insert(MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: now))
            for number in 0..<watched {
                let account = "0x\(String(number, radix: 16))"
                try session.insertWatchedAccount(provider: "evm", account: account, by: merchant)
            }
        }
        let watching = AccountIndex().watching("evm", in: database, asksOften: true)
        var took: [Double] = []
        for _ in 0..<rounds {
            let provider = try provider(chain, token, clock)
            var position: String?
            took.append(
                try await Figures.seconds {
                    while true {
                        let page = try await provider.page(
                            of: provider.standingAccounts[0],
                            after: position,
                            watching: watching
                        )
                        position = page.position
                        guard page.hasMore else { return }
                    }
                }
            )
        }
        try await database.close()
        return Double(blocks) / Figures.median(took)
    }

    private static func provider(_ chain: FixtureEVM, _ token: EVMAddress, _ clock: ManualClock) throws -> EVMProvider {
        try EVMProvider(
            configuration: .init(
                key: "evm",
                chainID: 31_337,
                isTestNetwork: true,
                tokens: [.init(asset: AssetID("evm:31337:erc20:\(token.lowercased)"))],
                finality: .confirmations(1),
                firstBlock: 0
            ),
            client: EVMClient(
                nodes: [EVMClient.Node(url: "node", transport: Node(chain: chain))],
                quorum: 1,
                chainID: 31_337,
                genesis: nil
            ),
            signer: WalletSigner(
                seed: SecretBytes([UInt8](repeating: 3, count: 32)),
                on: EVMScheme(chainID: 31_337)
            ),
            clock: clock
        )
    }
}
