import ArgumentParser
import Cryptography
import Foundation
import HTTPMessages
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
    case invoiceReopened = "invoice.reopened"
    case paymentDetected = "payment.detected"
    case paymentLost = "payment.lost"
    case paymentReceived = "payment.received"
    case caseOpened = "case.opened"
    case caseResolved = "case.resolved"
    case refundCreated = "refund.created"
    case refundCompleted = "refund.completed"
    case payoutCreated = "payout.created"
    case payoutCompleted = "payout.completed"
    case subscriptionActivated = "subscription.activated"
    case subscriptionRenewed = "subscription.renewed"
    case subscriptionCanceled = "subscription.canceled"
    case subscriptionRestored = "subscription.restored"
    case subscriptionPastDue = "subscription.past_due"
    case subscriptionEnded = "subscription.ended"

    /// What is paid.
    enum Subject {
        case invoiceOnTON
        /// On a chain that shows payments before they are final.
        case invoiceOnEVM
        case subscription
    }

    /// One thing that a customer, a merchant or time does.
    enum Step {
        case pay
        case cancel
        case waitUntilOver
        case waitForRenewal
        case loseBlocks
        case tellSubscription(String)
        case refund
        case payOut
        case acceptCase
        /// Later steps need what this event tells.
        case expect(TriggerableEvent)
    }

    var subject: Subject {
        if rawValue.hasPrefix("subscription.") { return .subscription }
        switch self {
        case .invoiceProcessing, .paymentDetected, .paymentLost, .invoiceReopened: return .invoiceOnEVM
        default: return .invoiceOnTON
        }
    }

    /// What has to be done after an invoice or a subscription was opened.
    var steps: [Step] {
        switch self {
        case .invoiceCreated: []
        case .invoiceProcessing, .paymentDetected, .invoiceSettled, .paymentReceived: [.pay]
        case .paymentLost, .invoiceReopened: [.pay, .expect(.invoiceProcessing), .loseBlocks]
        case .invoiceExpired: [.waitUntilOver]
        case .invoiceCancelled: [.cancel]
        case .caseOpened: [.pay, .pay]
        case .caseResolved: [.pay, .pay, .expect(.caseOpened), .acceptCase]
        case .refundCreated, .refundCompleted: [.pay, .expect(.invoiceSettled), .refund]
        case .payoutCreated, .payoutCompleted: [.pay, .expect(.invoiceSettled), .payOut]
        case .subscriptionActivated: [.pay]
        case .subscriptionRenewed: [.pay, .expect(.subscriptionActivated), .waitForRenewal]
        case .subscriptionCanceled: [.pay, .expect(.subscriptionActivated), .tellSubscription("canceled")]
        case .subscriptionPastDue: [.pay, .expect(.subscriptionActivated), .tellSubscription("failed")]
        case .subscriptionRestored:
            Self.subscriptionCanceled.steps + [.expect(.subscriptionCanceled), .tellSubscription("active")]
        case .subscriptionEnded: Self.subscriptionCanceled.steps + [.expect(.subscriptionCanceled), .waitForRenewal]
        }
    }
}

/// Makes an event happen in a sandbox, with real objects.
struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Make an event happen in a sandbox: real invoices, payments, refunds, payouts, subscriptions.",
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

    /// Has the networks go on until an event has come.
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
