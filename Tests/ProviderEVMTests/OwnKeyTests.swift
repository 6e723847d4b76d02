import BigInt
import Cryptography
import EVM
import FixtureEVM
import Money
import Payments
import Providers
import Seams
import Testing

@testable import ProviderEVM

@Suite("What our own accounts do on an EVM chain")
struct OwnKeyTests {
    /// An account of ours, by what it is for.
    enum Purpose: CaseIterable {
        case payouts
        case gas
        case coinsOfAnOption
        case tokensOfAnOption
    }

    /// A rail with a funded account of ours, what the scan has read, and what the account held then.
    private struct World {
        let rail: EVMRail
        let key: Secp256k1.PrivateKey
        let address: EVMAddress
        private let position: String?
        private let before: BigUInt
        private var nonce: UInt64 = 0

        init(_ purpose: Purpose) async throws {
            rail = try EVMRail(finality: .confirmations(1))
            let provider = rail.provider
            switch purpose {
            case .payouts: (key, address) = (try rail.key(of: .payouts), provider.hotAddress)
            case .gas: (key, address) = (try rail.key(of: .fees), provider.gasAddress)
            case .coinsOfAnOption, .tokensOfAnOption:
                address = try await rail.open(purpose == .coinsOfAnOption ? rail.coin : rail.tokenAsset).address
                key = try rail.key(of: .option(PaymentOptionID(value: 1)))
            }
            rail.chain.fund(address, with: BigUInt(10).power(19))
            rail.chain.mint(1_000_000, of: rail.token, to: address)
            rail.chain.mine()
            position = try await rail.scan().position
            before = rail.chain.balance(of: address)
        }

        mutating func sign(_ value: BigUInt, to receiver: EVMAddress, data: [UInt8] = []) async throws {
            let transaction = EVMTransaction(
                kind: .dynamicFee,
                chainID: rail.chain.chainID,
                nonce: nonce,
                fee: .dynamic(maximum: 20_000_000_000, priority: 1_000_000_000),
                gasLimit: 200_000,
                to: receiver,
                value: value,
                data: data
            )
            nonce += 1
            try await rail.provider.client.broadcast(try transaction.signed(by: key).raw ?? [])
        }

        /// Makes the block.
        ///
        /// - Returns: what is told of it, and by how much the account's coins became fewer.
        func mine() async throws -> (told: [Observation], spent: BigInt) {
            rail.chain.mine()
            let told = try await rail.scan(from: position).observations
            return (told, BigInt(before) - BigInt(rail.chain.balance(of: address)))
        }
    }

    /// How an account sends to itself.
    enum Way: CaseIterable {
        case coins
        case tokens
        /// Somebody whom it has allowed to does it.
        case allowance
    }

    @Test(
        "what an account sends to itself is neither a payment nor a transfer, and costs its fee",
        arguments: Purpose.allCases,
        Way.allCases
    )
    func toItself(_ purpose: Purpose, _ way: Way) async throws {
        var world = try await World(purpose)
        let (rail, address) = (world.rail, world.address)
        for units in [1, 70, 5_000] as [BigUInt] {
            switch way {
            case .coins: try await world.sign(units, to: address)
            case .tokens:
                try await world.sign(0, to: rail.token, data: ERC20.transfer(to: address, amount: units))
            case .allowance:
                let alice = try rail.chain.customer("alice").address
                rail.chain.changeToken(rail.token) { $0.allow(alice, of: address, units: 1_000_000) }
                let arguments: [ABIValue] = [.address(address), .address(address), .uint(units)]
                let data = ABIValue.call("transferFrom(address,address,uint256)", arguments)
                try rail.chain.send(to: rail.token, data: data, by: "alice")
            }
        }
        let (told, spent) = try await world.mine()
        #expect(rail.chain.balance(of: address, token: rail.token) == 1_000_000)
        let changes = told.compactMap(\.change)
        #expect(changes.allSatisfy { $0.1 == rail.coin && $0.2 < 0 }, "\(told)")
        #expect(changes.count == (way == .allowance ? 0 : 3))
        #expect(changes.reduce(0) { $0 + $1.2 } == -spent)
        #expect(told.flatMap(\.payments).isEmpty, "\(told)")
    }

    @Test(
        "what a failed chain transaction would have sent has stayed: its fee is all that is told, whatever its value",
        arguments: Purpose.allCases
    )
    func failed(_ purpose: Purpose) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var world = try await World(purpose)
        let contract = world.rail.chain.refusingContract()
        for _ in 0..<8 {
            let bits = Int.random(in: 0...60, using: &random)
            try await world.sign(BigUInt(random.next() % (1 << bits)) + 1, to: contract)
        }
        let (told, spent) = try await world.mine()
        #expect(world.rail.chain.balance(of: contract) == 0)
        let changes = told.compactMap(\.change)
        #expect(changes.count == 8 && changes.allSatisfy { $0.1 == world.rail.coin && $0.2 < 0 }, "seed \(seed)")
        #expect(changes.reduce(0) { $0 + $1.2 } == -spent, "seed \(seed)")
        #expect(told.flatMap(\.payments).isEmpty, "seed \(seed)")
    }
}

extension Observation {
    /// What left for somebody.
    fileprivate var payments: [SentPayment] {
        if case .sent(let sent) = self { sent.signature?.payments ?? [] } else { [] }
    }
}
