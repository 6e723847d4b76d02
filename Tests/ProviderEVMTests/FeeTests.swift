import BigInt
import EVM
import FixtureEVM
import Money
import Payments
import ProviderEVM
import Providers
import SigningDesk
import Testing

@Suite("The fee and the gas limit of a signature on an EVM chain")
struct FeeTests {
    /// A false statement of one node.
    enum Lie: CaseIterable {
        case highTip, lowGas, highGas, moreGasThanABlockTakes

        func told(_ text: String, gas: UInt64) -> String {
            let honest = "\"result\":\"0x\(String(gas, radix: 16))\""
            return switch self {
            case .highTip: text.replacing(/"reward":\[\[.*?\]\]/, with: "\"reward\":[[\"0x5d21dba000\"]]")
            case .lowGas: text.replacing(honest, with: "\"result\":\"0x61a8\"")
            case .highGas: text.replacing(honest, with: "\"result\":\"0x100000\"")
            case .moreGasThanABlockTakes: text.replacing(honest, with: "\"result\":\"0xffffffffffffffff\"")
            }
        }
    }

    private static let nodes = ["http://chain/evm", "http://chain/evm/1", "http://chain/evm/2"]

    private func funded() throws -> EVMRail {
        let rail = try EVMRail()
        rail.fund()
        rail.chain.mine(3)
        return rail
    }

    private func signed(_ rail: EVMRail) async throws -> EVMTransaction {
        let order = rail.order(1_000, rail.tokenAsset, to: try rail.chain.customer("supplier").address)
        let prepared = try await rail.prepare(order)
        let variant = try #require(try DecodedRLP(prepared.bytes).list("variants").first)
        return try EVMTransaction(decoding: try variant.list("variant")[1].bytes("raw"))
    }

    @Test("are decided by no single node", arguments: Lie.allCases, 0..<3)
    func oneLies(lie: Lie, liar: Int) async throws {
        let honest = try await signed(try funded())
        let estimate = honest.gasLimit * 100 / 125
        let rail = try funded()
        let (seen, url) = (Seen(), Self.nodes[liar])
        rail.transport.changeAnswers { node, text in
            guard node == url else { return text }
            let told = lie.told(text, gas: estimate)
            if told != text { seen.note() }
            return told
        }
        let transaction = try await signed(rail)
        #expect(seen.count > 0, "the lie was never told")
        #expect(transaction.fee == honest.fee)
        #expect(transaction.gasLimit == honest.gasLimit)
    }

    @Test("never exceed the gas of a block, even if all nodes say so: the nonce would wait for ever")
    func allLie() async throws {
        let estimate = try await signed(try funded()).gasLimit * 100 / 125
        let rail = try funded()
        rail.transport.changeAnswers { _, text in Lie.moreGasThanABlockTakes.told(text, gas: estimate) }
        await #expect(throws: ProviderError(.unavailable, "")) { try await signed(rail) }
    }

    @Test("are known before a signature is stored or sent, so that the fee limit can be enforced")
    func expectedOfSignature() async throws {
        let rail = try funded()
        let order = rail.order(1_000, rail.tokenAsset, to: try rail.chain.customer("supplier").address)
        let usual = try #require(rail.provider.expectedFee(of: try await rail.prepare(order)))
        let dear = try funded()
        dear.transport.changeAnswers { _, text in Lie.highTip.told(text, gas: 0) }
        let charged = try #require(dear.provider.expectedFee(of: try await dear.prepare(order)))
        #expect(BigInt(charged.units) > BigInt(usual.units) * 10)
    }
}
