import CommandParts
import Gateway
import Money
package import Payments
import Providers
import Reconciliation
import Seams
import Settlement
import StrictJSON

/// The rules that every provider has to keep, whatever its rail; run against each one over the sandbox.
///
/// A new provider is complete with a new target, a line in the registry, and no findings here.
package struct ProviderConformance: Sendable {
    private let world: ScenarioWorld
    private let provider: any PaymentProvider
    private let order: JSONValue

    /// The conformance of the provider that serves a rail.
    ///
    /// - Parameters:
    ///   - rail: the rail.
    ///   - asset: the asset that is paid.
    ///   - amount: the price, a decimal text.
    ///   - goods: the kind of goods, as the rail policy wants it.
    ///   - world: a world in which nothing has happened yet.
    /// - Throws: ``ScenarioError`` when no provider serves the rail.
    package init(rail: Rail, asset: String, amount: String, goods: String, world: ScenarioWorld) throws {
        guard let provider = world.gateway.settlement.providers.providers.first(where: { $0.rail == rail }) else {
            throw ScenarioError("no provider serves \(rail.rawValue)")
        }
        self.world = world
        self.provider = provider
        let text = world.assetText(asset)
        order = [
            "title": "Conformance", "description": "Conformance", "goods": .string(goods), "amount": .string(amount),
            "asset": .string(text), "place": .string(rail == .evm ? "web" : "telegram"),
            "rails": [["rail": .string(rail.rawValue), "asset": .string(text)]],
        ]
    }

    /// Checks all rules.
    ///
    /// - Throws: what the world throws.
    /// - Returns: a sentence for each rule that the provider breaks.
    package func findings() async throws -> [String] {
        var findings = portFindings()
        try await world.settle()
        let invoice = try await world.merchant.post("/v1/invoices", order, idempotencyKey: "conformance")
        let options = invoice["options"]?.arrayValue ?? []
        guard let id = invoice["id"]?.stringValue, let option = options.first, options.count == 1 else {
            return findings + ["it opens one way to pay what it is asked for, and not \(options.count)"]
        }
        findings += Self.openingFindings(option, provider.capabilities)
        let pay = Scenario.Pay(invoice: "", rail: "", user: "alice")
        guard try await world.pay(option, pay) else { return findings + ["it takes what a customer pays"] }
        try await world.settle()
        findings += try await paymentFindings(id)
        findings += try await repetitionFindings()
        findings += try await refundFindings(id)
        findings += try await destinationFindings(option)
        findings += try await world.findings().map { "the books: \($0)" }
        return findings
    }

    /// Checks that its capabilities and its ports agree.
    private func portFindings() -> [String] {
        let can = provider.capabilities
        var findings: [String] = []
        if can.assets.isEmpty { findings.append("it takes at least one asset") }
        if provider.push == nil, provider.scan == nil { findings.append("it observes: it is pushed to, or it scans") }
        if (can.refunds != .elsewhere || can.paysOut) != (provider.send != nil) {
            findings.append("it sends exactly if it refunds or pays out")
        }
        if provider.key.isEmpty || provider.key.contains(" ") { findings.append("its key is one word") }
        return findings
    }

    private static func openingFindings(_ option: JSONValue, _ can: ProviderCapabilities) -> [String] {
        var findings: [String] = []
        if option["link"]?.stringValue?.isEmpty != false { findings.append("an option has a link") }
        let hasAddress = option["address"]?.stringValue != nil
        if hasAddress != (can.opening == .depositInstruction) {
            findings.append("it gives a link or an address, as it says")
        }
        return findings
    }

    private func paymentFindings(_ id: String) async throws -> [String] {
        let invoice = try await world.merchant.get("/v1/invoices/\(id)")
        let payments = try await world.merchant.get("/v1/payments?invoice=\(id)")["data"]?.arrayValue ?? []
        var findings: [String] = []
        if invoice["state"]?.stringValue != "settled" { findings.append("what was paid in full is settled") }
        if payments.count != 1 { findings.append("one payment is observed as one, and not \(payments.count)") }
        for payment in payments {
            if payment["classification"]?.stringValue != "exact" { findings.append("what is due is exact") }
            if payment["payer"]?.stringValue == nil { findings.append("it says who paid") }
            let evidence = payment["evidence"]?.stringValue.flatMap { try? JSONValue(parsing: Array($0.utf8)) }
            if evidence?.members?.isEmpty != false { findings.append("a payment has evidence, a JSON object") }
        }
        return findings
    }

    /// Checks that reading everything again from the start changes nothing.
    private func repetitionFindings() async throws -> [String] {
        guard let scan = provider.scan else { return [] }
        var findings: [String] = []
        let watching = AccountIndex().watching(provider.key, in: world.gateway.settlement.database, asksOften: false)
        for account in try await scan.standingAccounts {
            let first = try await scan.page(of: account, after: nil, watching: watching)
            let second = try await scan.page(of: account, after: nil, watching: watching)
            if first.observations != second.observations { findings.append("the same history reads the same twice") }
            let rest = try await scan.page(of: account, after: first.position, watching: watching)
            if !first.hasMore, !rest.observations.isEmpty || rest.position != first.position {
                findings.append("a position is where the next page starts, and stays when nothing happened")
            }
            for observation in first.observations {
                let outcome = try await world.gateway.settlement.record(observation, at: provider)
                if outcome != .repetition { findings.append("what was recorded is a repetition, and not \(outcome)") }
            }
        }
        return findings
    }

    /// Checks that payouts to places where money would be lost are refused at the request, before money is reserved.
    private func destinationFindings(_ option: JSONValue) async throws -> [String] {
        guard provider.capabilities.paysOut, let send = provider.send else { return [] }
        let asset = try AssetID(order["asset"]?.stringValue ?? "")
        var findings: [String] = []
        for place in ScenarioPlace.allCases {
            let address = try world.address(for: asset.text, place)
            var refusal: DestinationRefusal.Kind?
            do throws(DestinationRefusal) { _ = try send.account(of: address, for: asset) } catch {
                refusal = error.kind
            }
            if refusal != place.refusal(for: asset.text) {
                findings.append("\(place) is refused as what it is, and not as \(refusal.map(\.rawValue) ?? "nothing")")
            }
        }
        var addresses = try ScenarioPlace.allCases.filter { $0.refusal(for: asset.text) != nil }.map { place in
            try world.address(for: asset.text, place)
        }
        // Addresses that customers were given are refused too.
        if let deposit = option["address"]?.stringValue { addresses.append(deposit) }
        for (number, address) in addresses.enumerated() {
            let wish: JSONValue = [
                "amount": order["amount"] ?? .null, "asset": .string(asset.text), "destination": .string(address),
                "needs_approval": .bool(true),
            ]
            let problem = try await world.merchant.refusal("/v1/payouts", wish, idempotencyKey: "destination-\(number)")
            if problem?["param"]?.stringValue != "destination" || problem?["code"]?.stringValue != "destination_refused"
            {
                findings.append("a payout to \(address) is refused when it is asked for")
            }
        }
        let wish: JSONValue = [
            "amount": order["amount"] ?? .null, "asset": .string(asset.text),
            "destination": .string(try world.address(for: asset.text, .supplier)),
            "comment": .string(String(repeating: "x", count: provider.capabilities.commentLimit + 1)),
        ]
        let problem = try await world.merchant.refusal("/v1/payouts", wish, idempotencyKey: "comment")
        if problem?["param"]?.stringValue != "comment" {
            findings.append("a comment that is longer than it can carry is refused when it is asked for")
        }
        return findings
    }

    private func refundFindings(_ id: String) async throws -> [String] {
        let payments = try await world.merchant.get("/v1/payments?invoice=\(id)")["data"]?.arrayValue ?? []
        guard let payment = payments.first?["id"] else { return [] }
        let wish: JSONValue = ["payment": payment]
        guard provider.capabilities.refunds != .elsewhere else {
            let refund = try? await world.merchant.post("/v1/refunds", wish, idempotencyKey: "conformance-refund")
            return refund == nil ? [] : ["what is returned elsewhere is not returned here"]
        }
        try await world.merchant.post("/v1/refunds", wish, idempotencyKey: "conformance-refund")
        try await world.settle()
        let refunds = try await world.merchant.get("/v1/refunds")["data"]?.arrayValue ?? []
        return refunds.first?["state"]?.stringValue == "completed" ? [] : ["a payment can be returned in full"]
    }
}
