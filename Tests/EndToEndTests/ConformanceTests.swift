import Payments
import Scenarios
import Testing

@Suite("Every provider", .serialized)
struct ConformanceTests {
    static let rails: [(Rail, asset: String, amount: String, goods: String)] = [
        (.telegramFiat, "fiat:EUR", "12.50", "physical"),
        (.telegramStars, "telegram:XTR", "250", "digital"),
        (.ton, "ton:testnet:native", "1.5", "physical"),
        (.ton, "ton:testnet:jetton:sandbox", "20", "physical"),
        (.evm, "evm:sandbox:native", "0.05", "service"),
        (.evm, "evm:sandbox:erc20", "20", "physical"),
    ]

    @Test("keeps the rules for all providers", arguments: rails)
    func conforms(rail: Rail, asset: String, amount: String, goods: String) async throws {
        let findings = try await withWorld { world in
            try await ProviderConformance(rail: rail, asset: asset, amount: amount, goods: goods, world: world)
                .findings()
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }
}
