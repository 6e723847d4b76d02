import CommandParts
import Money
import Sandbox
import StrictJSON

/// Plays a scenario in a world of its own, and reports each difference from what it expects.
package struct ScenarioRunner {
    private let world: ScenarioWorld
    private var invoices: [String: String] = [:]
    private var failures: [String] = []
    private var serial = 0

    private init(world: ScenarioWorld) {
        self.world = world
    }

    /// Plays a scenario.
    ///
    /// - Throws: what the world throws when a step cannot be taken at all.
    /// - Returns: a sentence for each difference; empty when there is none.
    ///
    /// - Parameters:
    ///   - scenario: the scenario.
    ///   - world: where it is played.
    ///   - disturb: runs before each step, and before the expectations are checked.
    package static func run(
        _ scenario: Scenario,
        in world: ScenarioWorld,
        disturbing disturb: (Scenario.Step?) async throws -> Void = { _ in }
    ) async throws -> [String] {
        var runner = Self(world: world)
        for step in scenario.steps {
            try await disturb(step)
            try await runner.take(step)
            if scenario.restartsBetweenSteps { try await world.restart() }
        }
        try await disturb(nil)
        for expectation in scenario.expectations { try await runner.check(expectation) }
        return runner.failures
    }

    private mutating func take(_ step: Scenario.Step) async throws {
        serial += 1
        switch step {
        case .open(let open): try await self.open(open)
        case .pay(let pay): try await self.pay(pay)
        case .payElsewhere(let pay): try await payElsewhere(pay)
        case .push(let body):
            if let failure = try await world.push(body) { failures.append(failure) }
        case .settle: try await world.settle()
        case .mine(let network, let blocks): try world.mine(blocks, on: network)
        case .look: try await world.look()
        case .hear(let steps, let check): try await hear(steps, until: check)
        case .until(let check): try await wait(for: check)
        case .reorganise(let depth, let dropping): world.reorganise(depth: depth, dropping: dropping)
        case .advance(let seconds): try await world.advance(by: .seconds(seconds))
        case .setClock(let ahead): world.machine.set(ahead: .seconds(ahead))
        case .fault(let fault): try await set(fault)
        case .deposit(let derived): try await world.setTON { $0.isDerived = derived }
        case .wallet(let highload): try await world.setTON { $0.isHighload = highload }
        case .payouts(let payouts): try await request(payouts)
        case .approve(let count): try await approve(count)
        case .backup: try await world.backUp()
        case .restore: try await world.restore()
        case .spendElsewhere(let spend): try await world.spendElsewhere(spend)
        case .decideByTheList: try await world.decideByTheList()
        case .resume(let isRefused, let provider):
            let wrong = try await world.resume(isRefused: isRefused, of: provider)
            failures += wrong
        case .refund(let invoice, let amount): try await refund(invoice, amount)
        case .cancel(let invoice):
            _ = try await world.merchant.post("/v1/invoices/\(id(invoice))/cancel", [:], idempotencyKey: key("cancel"))
        case .restart: try await world.restart()
        case .check(let check): try await self.check(check)
        }
    }

    private mutating func hear(_ steps: [Scenario.Step], until check: Scenario.Check) async throws {
        try await world.listening {
            for step in steps { try await take(step) }
            try await wait(for: check)
        }
    }

    private mutating func wait(for check: Scenario.Check) async throws {
        var attempt = self
        let holds = try await world.waitUntil {
            attempt.failures = []
            try await attempt.check(check)
            return attempt.failures.isEmpty
        }
        if !holds { failures += attempt.failures }
    }

    private mutating func open(_ open: Scenario.Open) async throws {
        var members: [JSONValue.Member] = [
            .init("title", .string(open.as)),
            .init("description", .string("The scenario's \(open.as)")),
            .init("goods", .string(open.goods)),
            .init("amount", .string(open.amount)),
            .init("asset", .string(world.assetText(open.asset))),
            .init("rails", .array(open.rails.map(rail))),
        ]
        if let place = open.place { members.append(.init("place", .string(place))) }
        if let seconds = open.expiresIn { members.append(.init("expires_in", .integer(seconds))) }
        let invoice = try await world.merchant.post("/v1/invoices", .object(members), idempotencyKey: key("open"))
        guard let id = invoice["id"]?.stringValue else { throw ScenarioError("an invoice came without identifier") }
        invoices[open.as] = id
    }

    private func rail(_ rail: Scenario.Open.Rail) -> JSONValue {
        var members = [JSONValue.Member("rail", .string(rail.rail))]
        if let asset = rail.asset { members.append(.init("asset", .string(world.assetText(asset)))) }
        return .object(members)
    }

    private func set(_ fault: Scenario.Fault) async throws {
        guard let name = fault.invoice else { return try await world.set(fault) }
        try await world.set(fault, paying: option(of: name, fault.network))
    }

    /// What an invoice offers on a rail.
    private func option(of name: String, _ rail: String) async throws -> JSONValue {
        let options = try await world.merchant.get("/v1/invoices/\(id(name))")["options"]?.arrayValue ?? []
        guard let option = options.first(where: { $0["rail"]?.stringValue == rail }) else {
            throw ScenarioError("\(name) offers no \(rail)")
        }
        return option
    }

    private func payElsewhere(_ pay: Scenario.PayElsewhere) async throws {
        let option = try await option(of: pay.invoice, pay.rail)
        try await world.payElsewhere(option, by: pay.user, isReturned: pay.returned ?? false)
    }

    private mutating func pay(_ pay: Scenario.Pay) async throws {
        let option = try await option(of: pay.invoice, pay.rail)
        let wasTaken = try await world.pay(option, pay)
        let shouldBeTaken = pay.outcome != "refused"
        if wasTaken != shouldBeTaken {
            failures.append("the payment of \(pay.invoice) by \(pay.user) was \(wasTaken ? "taken" : "refused")")
        }
    }

    private mutating func refund(_ invoice: String, _ amount: String?) async throws {
        let payments = try await payments(of: invoice)
        guard let payment = payments.first?["id"] else { throw ScenarioError("\(invoice) has no payment to return") }
        var members = [JSONValue.Member("payment", payment)]
        if let amount { members.append(.init("amount", .string(amount))) }
        try await world.merchant.post("/v1/refunds", .object(members), idempotencyKey: key("refund"))
    }

    private mutating func request(_ payouts: Scenario.Payouts) async throws {
        let asset = world.assetText(payouts.asset)
        let destination = try world.address(for: asset, payouts.to ?? .supplier)
        for number in 0..<payouts.count {
            var members: [JSONValue.Member] = [
                .init("amount", .string(payouts.amount)), .init("asset", .string(asset)),
                .init("destination", .string(destination)),
                .init("needs_approval", .bool(payouts.needsApproval ?? false)),
            ]
            if let length = payouts.commentBytes {
                // No two of them share a cell, so that a request carries each in full.
                let words = String(repeating: "salary \(number), ", count: length / 8 + 1)
                members.append(.init("comment", .string(String(words.prefix(length)))))
            }
            let key = key("payout-\(number)")
            guard let field = payouts.refused else {
                try await world.merchant.post("/v1/payouts", .object(members), idempotencyKey: key)
                continue
            }
            let problem = try await world.merchant.refusal("/v1/payouts", .object(members), idempotencyKey: key)
            let named = problem?["param"]?.stringValue
            expect(named, field, "what is wrong with a payout of \(payouts.amount) to \(destination)")
        }
    }

    private func approve(_ count: Int) async throws {
        let payouts = try await world.merchant.get("/v1/payouts?limit=100")["data"]?.arrayValue ?? []
        let waiting = payouts.reversed().filter { $0["state"]?.stringValue == "awaiting_approval" }
        for payout in waiting.prefix(count) {
            let id = payout["id"]?.stringValue ?? ""
            try await world.merchant.post("/v1/payouts/\(id)/approve", [:], idempotencyKey: key("approve-\(id)"))
        }
    }

    private func payments(of invoice: String) async throws -> [JSONValue] {
        let list = try await world.merchant.get("/v1/payments?invoice=\(id(invoice))&limit=100")
        // Lists have the newest first; scenarios are told in the order of events.
        return (list["data"]?.arrayValue ?? []).reversed()
    }

    private func id(_ name: String) throws(ScenarioError) -> String {
        guard let id = invoices[name] else { throw ScenarioError("no invoice is called \(name)") }
        return id
    }

    private func key(_ what: String) -> String { "scenario-\(what)-\(serial)" }
}

// MARK: - Checks

extension ScenarioRunner {
    private mutating func check(_ check: Scenario.Check) async throws {
        switch check {
        case .invoice(let name, let state, let exception):
            let invoice = try await world.merchant.get("/v1/invoices/\(id(name))")
            expect(invoice["state"]?.stringValue, state, "the state of \(name)")
            expect(invoice["exception"]?.stringValue, exception, "the exception of \(name)")
        case .payments(let name, let classifications, let states):
            let found = try await payments(of: name)
            expect(found.map { $0["classification"]?.stringValue ?? "?" }, classifications, "the payments of \(name)")
            guard let states else { return }
            expect(found.map { $0["state"]?.stringValue ?? "?" }, states, "where the payments of \(name) stand")
        case .sightings(let name, let confirmations):
            let invoice = try await world.merchant.get("/v1/invoices/\(id(name))")
            let found = (invoice["sightings"]?.arrayValue ?? []).map {
                $0["confirmations"]?.integerValue.map(Int.init) ?? -1
            }
            expect(found, confirmations, "the sightings of \(name)")
        case .refunds(let name, let states):
            let payments = try await payments(of: name).compactMap { $0["id"]?.stringValue }
            let refunds = try await world.merchant.get("/v1/refunds?limit=100")["data"]?.arrayValue ?? []
            let found = refunds.filter { payments.contains($0["payment"]?.stringValue ?? "") }
            expect(found.reversed().map { $0["state"]?.stringValue ?? "?" }, states, "the refunds of \(name)")
        case .payouts(let states):
            let payouts = try await world.merchant.get("/v1/payouts?limit=100")["data"]?.arrayValue ?? []
            expect(payouts.reversed().map { $0["state"]?.stringValue ?? "?" }, states, "the payouts")
        case .held(let providers):
            let held = try await world.wallets().filter(\.isHeld).map { $0["provider"]?.stringValue ?? "?" }
            expect(held.sorted(), providers.sorted(), "the wallets that are held")
        case .cases(let reasons):
            expect(try await world.openCases().sorted(), reasons.sorted(), "the open cases")
        case .account(let code, let asset, let amount):
            expect(try await world.held(on: code, asset: asset), amount, "the account \(code) in \(asset)")
        case .emptiness(let code, let asset, let empty):
            let held = try await world.held(on: code, asset: asset)
            expect(held == "0", empty, "whether the account \(code) in \(asset) is empty, which holds \(held)")
        case .events(let name, let types):
            expect(try await world.eventsTaken(about: id(name)), types, "the events about \(name)")
        case .books(let clean):
            let findings = try await world.findings()
            if findings.isEmpty != clean { failures.append("the books: \(findings.joined(separator: "; "))") }
        }
    }

    private mutating func expect<Value: Equatable>(_ found: Value?, _ expected: Value, _ what: String) {
        guard found != expected else { return }
        failures.append("\(what): expected \(expected), found \(found.map { "\($0)" } ?? "nothing")")
    }
}

extension JSONValue {
    /// Whether it is a held wallet that pays out.
    fileprivate var isHeld: Bool { self["state"]?.stringValue == "held" && self["pays_others"]?.boolValue == true }
}
