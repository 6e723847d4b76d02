import ArgumentParser
import CommandParts
import Cryptography
import HTTPMessages
import HTTPTransport
import Scenarios
import Seams
import StrictJSON

/// Makes an event happen in a sandbox, with real objects.
struct TriggerCommand: AsyncParsableCommand {
    static let configuration = TriggerArguments.configuration
    @OptionGroup var arguments: TriggerArguments

    mutating func run() async throws {
        let (event, sandbox, merchant) = (arguments.event, arguments.sandbox, arguments.merchant)
        guard !sandbox.isEmpty else {
            throw ValidationError("Say where the sandbox is: --sandbox, or SETTLEGATE_SANDBOX.")
        }
        let id = try await Console.usable {
            let client = try merchant.client()
            var trigger = Trigger(client: client, sandbox: sandbox, events: try await EventStream(client))
            return try await trigger.bringAbout(event)
        }
        Console.result("\(event.rawValue)  \(id)")
    }
}

/// Takes the steps to an event.
private struct Trigger {
    let client: MerchantClient
    let sandbox: String
    var events: EventStream
    /// The latest event of each type so far.
    private var seen: [String: JSONValue] = [:]
    /// The charge that began a subscription.
    private var charge: JSONValue = .null

    init(client: MerchantClient, sandbox: String, events: EventStream) {
        self.client = client
        self.sandbox = sandbox
        self.events = events
    }

    mutating func bringAbout(_ event: TriggerableEvent) async throws -> String {
        let thing = event.subject == .subscription ? try await openSubscription() : try await openInvoice(event)
        for step in event.steps { try await take(step, thing) }
        return try await wait(for: event)["id"]?.stringValue ?? ""
    }

    private func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await client.post(path, body, idempotencyKey: "trigger-" + Hex.encode(SystemRandom().bytes(12)))
    }

    private func openInvoice(_ event: TriggerableEvent) async throws -> JSONValue {
        let isOnEVM = event.subject == .invoiceOnEVM
        let asset = isOnEVM ? SandboxHome.coinAsset : "ton:testnet:native"
        return try await post(
            "/v1/invoices",
            [
                "title": "Triggered", "description": "Made by settlegate trigger", "goods": "physical",
                "amount": isOnEVM ? "0.05" : "1.5", "asset": .string(asset), "expires_in": .integer(600),
                "place": isOnEVM ? "web" : "telegram",
                "rails": [["rail": isOnEVM ? "evm" : "ton"]],
            ]
        )
    }

    private func openSubscription() async throws -> JSONValue {
        try await post("/v1/subscriptions", ["title": "Triggered", "description": "Each month", "amount": "100"])
    }

    private mutating func take(_ step: TriggerableEvent.Step, _ thing: JSONValue) async throws {
        let id = thing["id"]?.stringValue ?? ""
        switch step {
        case .pay:
            if let link = thing["link"] {
                charge = try await control("telegram/pay", ["link": link, "user": "alice"])["charge_id"] ?? .null
                return
            }
            guard let option = thing["options"]?.arrayValue?.first else { throw ScenarioError("nothing can be paid") }
            try await control("pay", ["option": option, "user": "alice"])
        case .cancel: _ = try await post("/v1/invoices/\(id)/cancel", [:])
        case .waitForRenewal: try await control("advance", ["seconds": .integer(30 * 86_400 + 60)])
        case .loseBlocks: try await control("evm/reorganise", ["depth": .integer(2), "drop": .bool(true)])
        case .tellSubscription(let state):
            try await control("telegram/subscription", ["charge_id": charge, "state": .string(state)])
        case .waitUntilOver: try await control("advance", ["seconds": .integer(4_000)])
        case .expect(let event): _ = try await wait(for: event)
        case .acceptCase:
            let subject = seen["case.opened"]?["data"]?["id"]?.stringValue ?? ""
            _ = try await post("/v1/cases/\(subject)/resolve", ["action": "accept"])
        case .refund:
            let payment = seen["payment.received"]?["data"]?["id"] ?? .null
            _ = try await post("/v1/refunds", ["payment": payment])
        case .payOut:
            let destination: JSONValue = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"
            _ = try await post(
                "/v1/payouts",
                ["amount": "0.1", "asset": "ton:testnet:native", "destination": destination]
            )
        }
    }

    @discardableResult
    private func control(_ what: String, _ wish: JSONValue) async throws -> JSONValue {
        let request = HTTPRequest(
            method: "POST",
            url: "\(sandbox)/\(what)",
            fields: [HTTPField("Content-Type", "application/json")],
            body: wish.bytes
        )
        let response = try await MerchantOptions.transport.send(request)
        guard response.status == 200 else {
            throw ScenarioError("the sandbox refused '\(what)': \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSONValue(parsing: response.body)
    }

    /// Waits until an event has come, while the networks go on.
    private mutating func wait(for event: TriggerableEvent) async throws -> JSONValue {
        for _ in 0..<60 {
            for new in try await events.next() { seen[new["type"]?.stringValue ?? ""] = new }
            if let found = seen[event.rawValue] { return found }
            try await control("mine", ["network": event.subject == .invoiceOnEVM ? "evm" : "ton"])
            try await SystemClock().sleep(for: .milliseconds(500))
        }
        throw ScenarioError("\(event.rawValue) has not come; look at 'settlegate events list'")
    }
}
