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

@Suite("The change of a balance in a block")
struct BalanceLawTests {
    @Test("is the sum of its parts, whatever the block shows", arguments: [false, true])
    func sum(keepsParts: Bool) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 {
            let shown = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                BigInt(Int.random(in: -1_000...1_000, using: &random))
            }
            let hidden = BigInt(Bool.random(using: &random) ? 0 : Int.random(in: -3_000...3_000, using: &random))
            let before = BigInt(10_000)
            let after = before + shown.reduce(0, +) + hidden
            let change = BalanceChange(before: before.magnitude, after: after.magnitude)
            let found = change.explained(by: shown, keepsParts: keepsParts)
            #expect(found.shown.reduce(0, +) + found.rest == change.growth, "seed \(seed)")
            for (part, whole) in zip(found.shown, shown) {
                // Outgoing parts stay as shown. Incoming ones are never more, and less only when the token can keep a
                // part.
                #expect(whole <= 0 || !keepsParts ? part == whole : part >= 0 && part <= whole, "seed \(seed)")
            }
            if hidden >= 0 { #expect(found.shown == shown && found.rest == hidden, "seed \(seed)") }
            // A rest stays only when every arrival was reduced to zero.
            if keepsParts, found.rest < 0 { #expect(found.shown.allSatisfy { $0 <= 0 }, "seed \(seed)") }
        }
    }

    @Test("divides what a token has kept among all arrivals")
    func shares() {
        func parts(_ shown: [BigInt], growth: BigInt) -> BalanceChange.Explanation {
            BalanceChange(before: 10_000, after: (10_000 + growth).magnitude).explained(by: shown, keepsParts: true)
        }
        #expect(parts([1_000, 500], growth: 1_485) == .init(shown: [990, 495], rest: 0))
        #expect(parts([1, 1, 1], growth: 1) == .init(shown: [0, 0, 1], rest: 0))
        // An outgoing transfer in the same block reduces no credit.
        #expect(parts([-900, 1_000], growth: 100) == .init(shown: [-900, 1_000], rest: 0))
        #expect(parts([100], growth: -50) == .init(shown: [0], rest: -50))
    }

    @Test(
        "is observed to the unit in generated blocks, with transfers both ways and everything else that moves money",
        arguments: [
            FixtureToken.Behaviour.standard, .silent, .feeOnTransfer(130), .feeOnTop(70), .loggedFee(110, to: .zero),
        ]
    )
    func generatedBlocks(behaviour: FixtureToken.Behaviour) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var world = try await BalanceWorld(behaviour, seed: seed)
        var keys: Set<NaturalKey> = []
        for block in 0..<25 {
            try await world.fillBlock()
            let (growth, observations) = try await world.mine()
            var told: [AssetID: BigInt] = [:]
            for observation in observations {
                let (key, asset, units) = try #require(observation.change)
                #expect(keys.insert(key).inserted, "\(key) twice, seed \(seed)")
                if let asset { told[asset, default: 0] += units }
                if case .setAside = observation { world.setAsides += 1 }
            }
            for asset in [world.rail.coin, world.rail.tokenAsset] {
                #expect(told[asset] ?? 0 == growth[asset] ?? 0, "\(asset) in block \(block) of seed \(seed)")
            }
        }
        // The blocks were not empty: there were many observations, and some amounts were too large to book.
        #expect(keys.count > 200)
        #expect(world.setAsides > 0, "seed \(seed)")
    }
}

extension Observation {
    /// What it says of our accounts together, and by which key; none when it says nothing of the kind.
    var change: (NaturalKey, AssetID?, BigInt)? {
        switch self {
        case .incoming(let transfer): (transfer.naturalKey, transfer.amount.asset, BigInt(transfer.amount.units))
        case .movement(let movement): (movement.naturalKey, movement.amount.asset, BigInt(movement.amount.units))
        case .sent(let sent): (sent.naturalKey, sent.movement.amount.asset, BigInt(sent.movement.amount.units))
        case .ignored(let key, _): (key, nil, 0)
        case .setAside(let found, _): (found.naturalKey, found.asset, found.units.flatMap { BigInt($0) } ?? 0)
        case .refunded, .vanished, .uncertain, .mark: nil
        }
    }
}

/// A chain on which our accounts and strangers move money at random.
private struct BalanceWorld {
    let rail: EVMRail
    private var random: SeededRandom
    private var accounts: [(key: Secp256k1.PrivateKey, address: EVMAddress)] = []
    private var nonces: [EVMAddress: UInt64] = [:]
    private var position: String?
    private var held: [AssetID: BigInt] = [:]
    private let strangers = ["alice", "bob", "carol"]
    var setAsides = 0

    init(_ behaviour: FixtureToken.Behaviour, seed: UInt64) async throws {
        rail = try EVMRail(finality: .confirmations(1), behaviour: behaviour)
        random = SeededRandom(seed: seed)
        let provider = rail.provider
        accounts = [
            (try rail.key(of: .payouts), provider.hotAddress), (try rail.key(of: .fees), provider.gasAddress),
        ]
        for number in 1...4 {
            let (address, _) = try await rail.open(number.isMultiple(of: 2) ? rail.coin : rail.tokenAsset)
            accounts.append((try rail.key(of: .option(PaymentOptionID(value: UInt128(number)))), address))
        }
        for account in accounts {
            rail.chain.fund(account.address, with: BigUInt(10).power(19))
            rail.chain.mint(1_000_000, of: rail.token, to: account.address)
            for name in strangers {
                let stranger = try rail.chain.customer(name).address
                rail.chain.changeToken(rail.token) { $0.allow(stranger, of: account.address, units: 1_000_000) }
            }
        }
        for name in strangers {
            rail.chain.mint(BigUInt(10).power(12), of: rail.token, to: try rail.chain.customer(name).address)
        }
        // One stranger holds more than any amount can be.
        rail.chain.mint(BigUInt(1) << 255, of: rail.token, to: try rail.chain.customer("carol").address)
        rail.chain.mine()
        position = try await rail.scan().position
        held = balances()
    }

    private func balances() -> [AssetID: BigInt] {
        var sums: [AssetID: BigInt] = [:]
        for account in accounts {
            sums[rail.coin, default: 0] += BigInt(rail.chain.balance(of: account.address))
            sums[rail.tokenAsset, default: 0] += BigInt(rail.chain.balance(of: account.address, token: rail.token))
        }
        return sums
    }

    /// Makes the block; returns the growth of our accounts' balances together, and the observations.
    mutating func mine() async throws -> (growth: [AssetID: BigInt], observations: [Observation]) {
        rail.chain.mine()
        rail.chain.setMaker(nil)
        let now = balances()
        let growth = now.mapValues { $0 }.merging(held.mapValues { -$0 }) { $0 + $1 }
        held = now
        let found = try await rail.scan(from: position)
        position = found.position
        return (growth, found.observations)
    }

    mutating func fillBlock() async throws {
        for _ in 0..<Int.random(in: 3...20, using: &random) { try await act() }
        // A visible transfer to each account, somewhere among the rest.
        for account in accounts {
            try rail.chain.send(1, to: account.address, by: stranger())
            try pay(1, to: account.address, by: stranger())
        }
        for _ in 0..<Int.random(in: 3...20, using: &random) { try await act() }
    }

    private mutating func stranger() -> String { strangers.randomElement(using: &random) ?? "alice" }

    private mutating func ours() -> EVMAddress {
        accounts.randomElement(using: &random)?.address ?? rail.provider.hotAddress
    }

    /// One of our accounts or a stranger.
    private mutating func somebody() throws -> EVMAddress {
        Bool.random(using: &random) ? ours() : try rail.chain.customer(stranger()).address
    }

    private mutating func units() -> BigUInt { BigUInt(Int.random(in: 0...5_000, using: &random)) }

    private func pay(_ units: BigUInt, to address: EVMAddress, by name: String) throws {
        try rail.chain.send(to: rail.token, data: ERC20.transfer(to: address, amount: units), by: name)
    }

    /// One of our keys signs something.
    private mutating func sign(_ value: BigUInt, to: EVMAddress?, data: [UInt8] = []) async throws {
        guard let account = accounts.randomElement(using: &random) else { return }
        let nonce = nonces[account.address] ?? 0
        let transaction = EVMTransaction(
            kind: .dynamicFee,
            chainID: rail.chain.chainID,
            nonce: nonce,
            fee: .dynamic(
                maximum: 20_000_000_000,
                priority: BigUInt(Int.random(in: 0...3_000_000_000, using: &random))
            ),
            gasLimit: UInt64.random(in: 100_000...200_000, using: &random),
            to: to,
            value: value,
            data: data
        )
        nonces[account.address] = nonce + 1
        try await rail.provider.client.broadcast(try transaction.signed(by: account.key).raw ?? [])
    }

    private mutating func act() async throws {
        let chain = rail.chain
        switch Int.random(in: 0..<17, using: &random) {
        case 16: try pay(BigUInt(1) << Int.random(in: 195...247, using: &random), to: ours(), by: "carol")
        case 0: try chain.send(units(), to: somebody(), by: stranger())
        case 1, 2: try pay(units(), to: somebody(), by: stranger())
        case 3: try chain.send(units(), to: chain.forwarder(), data: somebody().bytes, by: stranger())
        case 4:
            let data = try somebody().bytes + somebody().bytes + somebody().bytes
            try chain.send(units(), to: chain.disperser(), data: data, by: stranger())
        case 5: try chain.send(units(), to: chain.endingContract(), data: somebody().bytes, by: stranger())
        case 6: try chain.send(units(), to: chain.refusingContract(), by: stranger())
        case 7: try chain.withdraw(gwei: UInt64.random(in: 0...9, using: &random), to: somebody())
        case 8: chain.setMaker(ours())
        case 9:
            let units = BigInt(Int.random(in: -3_000...3_000, using: &random))
            try chain.send(to: rail.token, data: FixtureToken.silentChange(of: ours(), by: units), by: stranger())
        case 10:
            let arguments: [ABIValue] = [.address(ours()), .address(try somebody()), .uint(units())]
            let data = ABIValue.call("transferFrom(address,address,uint256)", arguments)
            try chain.send(to: rail.token, data: data, by: stranger())
        case 11, 12: try await sign(units(), to: somebody())
        case 13: try await sign(0, to: rail.token, data: ERC20.transfer(to: somebody(), amount: units()))
        case 14:
            // More than the balance: it fails, and costs its fee.
            try await sign(0, to: rail.token, data: ERC20.transfer(to: somebody(), amount: BigUInt(10).power(15)))
        default:
            let contract = Bool.random(using: &random) ? chain.refusingContract() : chain.forwarder()
            try await sign(
                units(),
                to: Int.random(in: 0..<9, using: &random) == 0 ? nil : contract,
                data: somebody().bytes
            )
        }
    }
}
