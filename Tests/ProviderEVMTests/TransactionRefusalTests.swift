import EVM
import FixtureEVM
import Money
import ProviderEVM
import Providers
import SigningDesk
import Testing

@Suite("A signed transaction that nodes refuse")
struct TransactionRefusalTests {
    /// What nodes have said in public reports, whatever the state of the accounts.
    private static let definiteWords = [
        "oversized data: transaction size 132000, limit 131072", "RLPTooLong",
        "MaxTxSizeExceeded, Transaction Size: 140000",
        "exceeds block gas limit", "transaction's gas limit 7000000 exceeds block's gas limit 600000",
        "Transaction gas limit exceeds block gas limit", "transaction gas limit too high (cap: 16777216, tx: 30000000)",
        "GasLimitExceeded, Gas limit: 30000000", "gas limit is too high", "GasUintOverflow",
        "IntrinsicGas", "intrinsic gas too low", "Intrinsic gas exceeds gas limit",
        "intrinsic gas too low: gas 20000, minimum needed 21000", "insufficient gas for floor data gas cost: gas 21000",
        "tx fee (1.50 ether) exceeds the configured cap (1.00 ether)", "Transaction fee cap exceeded",
        "transaction type not supported", "invalid sender", "rlp: expected input list for types.DynamicFeeTx",
        "max priority fee per gas higher than max fee per gas, maxPriorityFeePerGas: 3, maxFeePerGas: 2",
    ]

    /// What depends on the accounts, the pool or the node, and may be otherwise in a minute.
    private static let passingWords = [
        "insufficient funds for gas * price + value: balance 0", "nonce too high",
        "replacement transaction underpriced",
        "transaction underpriced", "txpool is full", "max fee per gas less than block base fee", "request timed out",
        "FeeTooLow", "sender is blocked",
    ]

    private func submit(refusals: [String?]) async throws -> SubmissionOutcome {
        let rail = try EVMRail()
        rail.fund()
        rail.chain.mine(3)
        let order = rail.order(1_000, rail.coin, to: try rail.chain.customer("supplier").address)
        let prepared = try await rail.prepare(order)
        for (node, refusal) in refusals.enumerated() {
            var faults = FixtureEVM.Faults()
            faults.refusal = refusal
            rail.chain.set(faults, node: node)
        }
        return await rail.provider.submit(prepared)
    }

    @Test(
        "is unsendable when all refuse it for itself, in our own words",
        arguments: TransactionRefusalTests.definiteWords
    )
    func definite(words: String) async throws {
        guard case .unsendable(let reason) = try await submit(refusals: [words, words, words]) else {
            Issue.record("\(words) is not understood")
            return
        }
        #expect(!reason.contains(words) && !reason.isEmpty)
        #expect(try await submit(refusals: [words, nil, words]) == .accepted, "one node takes it")
    }

    @Test("may still be taken when one of them says something else", arguments: TransactionRefusalTests.passingWords)
    func passing(words: String) async throws {
        for refusals in [[words, words, words], ["oversized data", words, "oversized data"]] {
            guard case .unknown = try await submit(refusals: refusals) else {
                Issue.record("\(words) is taken for a refusal")
                return
            }
        }
    }
}
