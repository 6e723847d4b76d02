import CommandParts
import Gateway
package import Operations
import Seams
import StrictJSON

/// Shows the main job: an invoice on every rail is paid, confirmed, credited, announced and reconciled; some payments
/// go wrong, and some are refunded.
package struct Demonstration: Sendable {
    /// The outcome of a demonstration.
    package struct Outcome: Sendable {
        /// Each order with its payments and their confirmations.
        package let payments: TextTable
        /// The reconciliation report.
        package let report: ReportRendering
        /// The failures, a sentence each; empty when there are none.
        package let failures: [String]
        /// How many signed events the merchant has accepted, and how many requests it refused.
        package let events: (taken: Int, refused: Int)
    }

    private let world: ScenarioWorld

    /// A demonstration in a world of its own.
    package init(world: ScenarioWorld) {
        self.world = world
    }

    private static let orders: [(name: String, goods: String, rail: String, asset: String, amount: String)] = [
        ("Tea, by card", "physical", "telegram_fiat", "fiat:EUR", "12.50"),
        ("Sticker pack, by Stars", "digital", "telegram_stars", "telegram:XTR", "250"),
        ("Tea pot, by TON", "physical", "ton", "ton:testnet:native", "1.5"),
        ("Tea tray, by jetton", "physical", "ton", "ton:testnet:jetton:sandbox", "20"),
        ("Tea book, by coin", "physical", "evm", "evm:sandbox:native", "0.05"),
        ("Tea lamp, by token", "physical", "evm", "evm:sandbox:erc20", "25"),
    ]

    private struct Opened {
        let name: String
        let id: String
        let option: JSONValue
    }

    /// Runs the demonstration.
    ///
    /// - Parameters:
    ///   - tampering: whether a posting is changed by one unit before the end; the report has to find it.
    ///   - tell: gets a sentence for each thing that happens.
    /// - Throws: what the world throws.
    /// - Returns: the outcome.
    package func run(tampering: Bool = false, tell: @Sendable (String) -> Void) async throws -> Outcome {
        tell("The operator has put 5 TON and two coins into the wallets, for network fees.")
        var opened: [Opened] = []
        for (index, order) in Self.orders.enumerated() { opened.append(try await open(order, key: "demo-\(index)")) }
        for order in opened {
            tell("A customer pays: \(order.name).")
            _ = try await world.pay(order.option, pay("alice"))
        }
        try await world.settle()
        try await goWrong(opened, tell)
        try await reorganise(opened[4], tell)
        tell("The merchant returns the Stars, half a TON, and ten of the tokens.")
        try await refund(opened[1], amount: nil)
        try await refund(opened[2], amount: "0.5")
        try await refund(opened[5], amount: "10")
        try await world.settle()
        tell("The merchant has half a TON and 0.02 coins paid out.")
        try await payOut("0.5", "ton:testnet:native")
        try await payOut("0.02", "evm:sandbox:native")
        try await world.settle()
        if tampering {
            tell("Somebody changes one posting by one unit in the database.")
            try await world.tamper()
        }
        return try await outcome(opened)
    }

    private func pay(_ user: String) -> Scenario.Pay { Scenario.Pay(invoice: "", rail: "", user: user) }

    private func open(
        _ order: (name: String, goods: String, rail: String, asset: String, amount: String),
        key: String
    ) async throws -> Opened {
        let asset = world.assetText(order.asset)
        let invoice = try await world.merchant.post(
            "/v1/invoices",
            [
                "title": .string(order.name), "description": .string(order.name), "goods": .string(order.goods),
                "amount": .string(order.amount), "asset": .string(asset),
                "place": .string(order.rail == "evm" ? "web" : "telegram"),
                "rails": [["rail": .string(order.rail), "asset": .string(asset)]],
            ],
            idempotencyKey: key
        )
        guard let id = invoice["id"]?.stringValue, let option = invoice["options"]?.arrayValue?.first else {
            throw ScenarioError("the gateway opened an invoice without a way to pay it")
        }
        return Opened(name: order.name, id: id, option: option)
    }

    /// Lets payments go wrong: a second payment, a missing comment, a counterfeit, the link of a paid invoice.
    private func goWrong(_ opened: [Opened], _ tell: @Sendable (String) -> Void) async throws {
        tell("Somebody pays the tea pot a second time, and somebody forgets the comment.")
        _ = try await world.pay(opened[2].option, pay("bob"))
        var forgetful = pay("carol")
        forgetful.comment = "none"
        _ = try await world.pay(opened[2].option, forgetful)
        tell("Somebody sends a jetton that only looks like the right one.")
        var cheat = pay("mallory")
        cheat.jetton = "fake"
        _ = try await world.pay(opened[3].option, cheat)
        tell("Somebody opens the link of the paid sticker pack: the pre-checkout answer is no.")
        let wasTaken = try await world.pay(opened[1].option, pay("bob"))
        guard !wasTaken else { throw ScenarioError("a paid invoice was charged again") }
        try await world.settle()
    }

    /// Replaces the chain's last blocks, more than were waited for, so that a payment is lost.
    private func reorganise(_ order: Opened, _ tell: @Sendable (String) -> Void) async throws {
        _ = try await world.pay(order.option, pay("dave"))
        try world.mine(4, on: "evm")
        try await world.look()
        let before = try await payments(of: order)
        tell("Somebody pays the tea book again, and a reorganisation of the chain takes the payment back.")
        world.reorganise(depth: 5, dropping: true)
        try await world.settle()
        let after = try await payments(of: order)
        guard before.count == 2, after.map({ $0["state"]?.stringValue }) == ["final", "orphaned"] else {
            throw ScenarioError("a payment that a reorganisation took back still counts")
        }
    }

    private func payOut(_ amount: String, _ asset: String) async throws {
        let text = world.assetText(asset)
        try await world.merchant.post(
            "/v1/payouts",
            ["amount": .string(amount), "asset": .string(text), "destination": .string(try world.address(for: asset))],
            idempotencyKey: "demo-payout-\(asset)"
        )
    }

    private func payments(of order: Opened) async throws -> [JSONValue] {
        let list = try await world.merchant.get("/v1/payments?invoice=\(order.id)&limit=100")
        return (list["data"]?.arrayValue ?? []).reversed()
    }

    private func refund(_ order: Opened, amount: String?) async throws {
        let list = try await world.merchant.get("/v1/payments?invoice=\(order.id)&limit=100")
        guard let payment = list["data"]?.arrayValue?.last?["id"] else {
            throw ScenarioError("\(order.name) has no payment to return")
        }
        var members = [JSONValue.Member("payment", payment)]
        if let amount { members.append(.init("amount", .string(amount))) }
        try await world.merchant.post("/v1/refunds", .object(members), idempotencyKey: "demo-refund-\(order.id)")
    }

    private func outcome(_ opened: [Opened]) async throws -> Outcome {
        var table = TextTable([
            ("order", .left), ("rail", .left), ("amount", .right), ("state", .left), ("payments", .left),
            ("confirmed by", .left),
        ])
        var failures: [String] = []
        for order in opened {
            let invoice = try await world.merchant.get("/v1/invoices/\(order.id)")
            let list = try await payments(of: order)
            let state = invoice["state"]?.stringValue ?? "?"
            if state != "settled" { failures.append("\(order.name) is \(state)") }
            table.add([
                order.name, order.option["rail"]?.stringValue ?? "", invoice["amount"]?.stringValue ?? "", state,
                list.map(Self.standing).joined(separator: ", "),
                Self.confirmation(list.first),
            ])
            let events = try await world.eventsTaken(about: order.id)
            if events.filter({ $0 == "invoice.settled" }).count != 1 {
                failures.append("\(order.name) was announced as settled by \(events)")
            }
        }
        let refunds = try await world.merchant.get("/v1/refunds?limit=100")["data"]?.arrayValue ?? []
        for refund in refunds where refund["state"]?.stringValue != "completed" {
            failures.append("a refund is \(refund["state"]?.stringValue ?? "?")")
        }
        failures += try await world.findings()
        return Outcome(
            payments: table,
            report: try await world.report(),
            failures: failures,
            events: world.eventCounts
        )
    }

    /// How a payment relates to its invoice, and its state when it is not final.
    private static func standing(_ payment: JSONValue) -> String {
        let (word, state) = (payment["classification"]?.stringValue ?? "?", payment["state"]?.stringValue ?? "?")
        return state == "final" ? word : "\(word) (\(state))"
    }

    private static func confirmation(_ payment: JSONValue?) -> String {
        guard let evidence = payment?["evidence"]?.stringValue,
            let value = try? JSONValue(parsing: Array(evidence.utf8))
        else { return "-" }
        if let hash = value["hash"]?.stringValue { return "chain transaction \(hash.prefix(12))…" }
        if let charge = value["telegram_payment_charge_id"]?.stringValue { return "Telegram charge \(charge)" }
        return value["star_transaction"]?.stringValue.map { "star transaction \($0)" } ?? "-"
    }
}
