import ArgumentParser
import Cryptography
import Foundation
import HTTPTransport
import Scenarios
import Seams
import StrictJSON

/// What can be made to happen in a sandbox: each event by the way on which it happens to merchants.
enum TriggerableEvent: String, CaseIterable, ExpressibleByArgument {
    case invoiceCreated = "invoice.created"
    case invoiceProcessing = "invoice.processing"
    case invoiceSettled = "invoice.settled"
    case invoiceExpired = "invoice.expired"
    case invoiceCancelled = "invoice.cancelled"
    case paymentDetected = "payment.detected"
    case paymentReceived = "payment.received"
    case caseOpened = "case.opened"
    case caseResolved = "case.resolved"
    case refundCreated = "refund.created"
    case refundCompleted = "refund.completed"
    case payoutCreated = "payout.created"
    case payoutCompleted = "payout.completed"

    /// One thing that a customer, a merchant or time does.
    enum Step {
        case pay
        case cancel
        case waitUntilOver
        case refund
        case payOut
        case acceptCase
        /// Later steps need what this event tells.
        case expect(TriggerableEvent)
    }

    /// What has to be done after an invoice was opened.
    var steps: [Step] {
        switch self {
        case .invoiceCreated: []
        case .invoiceProcessing, .paymentDetected, .invoiceSettled, .paymentReceived: [.pay]
        case .invoiceExpired: [.waitUntilOver]
        case .invoiceCancelled: [.cancel]
        case .caseOpened: [.pay, .pay]
        case .caseResolved: [.pay, .pay, .expect(.caseOpened), .acceptCase]
        case .refundCreated, .refundCompleted: [.pay, .expect(.invoiceSettled), .refund]
        case .payoutCreated, .payoutCompleted: [.pay, .expect(.invoiceSettled), .payOut]
        }
    }

    /// Whether it happens on a chain that shows payments before they are final.
    var isOnEVM: Bool { self == .invoiceProcessing || self == .paymentDetected }
}

/// Makes an event happen in a sandbox, with real objects.
struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Make an event happen in a sandbox: real invoices, payments, refunds and payouts.",
        discussion: """
            Example:
              export SETTLEGATE_GATEWAY=… SETTLEGATE_API_KEY=… SETTLEGATE_SANDBOX=…   # as 'settlegate sandbox' prints them
              settlegate trigger invoice.settled

            Events: \(TriggerableEvent.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )
    @OptionGroup var merchant: MerchantOptions
    @Option(help: "The sandbox's control address, which it prints at start.")
    var sandbox = ProcessInfo.processInfo.environment["SETTLEGATE_SANDBOX"] ?? ""
    @Argument(help: "The type of the event.") var event: TriggerableEvent

    mutating func run() async throws {
        let (event, sandbox) = (event, sandbox)
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

/// Goes the way to an event.
private struct Trigger {
    let client: MerchantClient
    let sandbox: String
    var events: EventStream
    /// What has happened so far: the types, each with its latest event.
    private var seen: [String: JSONValue] = [:]

    init(client: MerchantClient, sandbox: String, events: EventStream) {
        self.client = client
        self.sandbox = sandbox
        self.events = events
    }

    mutating func bringAbout(_ event: TriggerableEvent) async throws -> String {
        let invoice = try await openInvoice(event)
        for step in event.steps { try await take(step, invoice) }
        return try await wait(for: event)["id"]?.stringValue ?? ""
    }

    private func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await client.post(path, body, idempotencyKey: "trigger-" + Hex.encode(SystemRandom().bytes(12)))
    }

    private func openInvoice(_ event: TriggerableEvent) async throws -> JSONValue {
        let asset = event.isOnEVM ? SandboxHome.coinAsset : "ton:testnet:native"
        return try await post(
            "/v1/invoices",
            [
                "title": "Triggered", "description": "Made by settlegate trigger", "goods": "physical",
                "amount": event.isOnEVM ? "0.05" : "1.5", "asset": .string(asset), "expires_in": .integer(600),
                "place": event.isOnEVM ? "web" : "telegram",
                "rails": [["rail": event.isOnEVM ? "evm" : "ton"]],
            ]
        )
    }

    private mutating func take(_ step: TriggerableEvent.Step, _ invoice: JSONValue) async throws {
        let id = invoice["id"]?.stringValue ?? ""
        switch step {
        case .pay:
            guard let option = invoice["options"]?.arrayValue?.first else { throw ScenarioError("nothing can be paid") }
            try await control("pay", ["option": option, "user": "alice"])
        case .cancel: _ = try await post("/v1/invoices/\(id)/cancel", [:])
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

    private func control(_ what: String, _ wish: JSONValue) async throws {
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
    }

    /// Has the networks go on until an event has come.
    private mutating func wait(for event: TriggerableEvent) async throws -> JSONValue {
        for _ in 0..<60 {
            for new in try await events.next() { seen[new["type"]?.stringValue ?? ""] = new }
            if let found = seen[event.rawValue] { return found }
            try await control("mine", ["network": event.isOnEVM ? "evm" : "ton"])
            try await SystemClock().sleep(for: .milliseconds(500))
        }
        throw ScenarioError("\(event.rawValue) has not come; look at 'settlegate events list'")
    }
}
