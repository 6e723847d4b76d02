import ArgumentParser
import CommandParts
import Seams
import StrictJSON

/// A merchant's events.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Look at a merchant's events, and have them sent again.",
        discussion: """
            Example:
              settlegate events list --format json
              settlegate events resend evt_01m8eff… --forward-to http://127.0.0.1:3000/events
            """,
        subcommands: [List.self, Resend.self]
    )

    /// The latest events.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the latest events, the newest first.")
        @OptionGroup var merchant: MerchantOptions
        @Option(help: "How many, 1 to 100.") var limit = 20
        @Option(help: "text or json.") var format = OutputFormat.text

        mutating func run() async throws {
            let limit = limit
            let found = try await Console.usable { try await merchant.client().get("/v1/events?limit=\(limit)") }
            guard format == .text else { return Console.result(found.text) }
            for event in found["data"]?.arrayValue ?? [] {
                let fields = ["timestamp", "type", "id"].map { event[$0]?.stringValue ?? "-" }
                Console.result(fields.joined(separator: "  "))
            }
        }
    }

    /// Sends an event again.
    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have an event delivered again to all endpoints, or send it to a server on this machine."
        )
        @OptionGroup var merchant: MerchantOptions
        @Argument(help: "The event.") var event: String
        @Option(help: "The address that it is sent to, instead of the endpoints.") var forwardTo: String?

        mutating func run() async throws {
            let (event, forwardTo) = (event, forwardTo)
            let outcome = try await Console.usable {
                let client = try merchant.client()
                guard let forwardTo else {
                    let key = "resend \(event)".replacing(" ", with: "-") + "-\(SystemClock().now().microseconds)"
                    let answer = try await client.post("/v1/events/\(event)/redeliver", [:], idempotencyKey: key)
                    return "\(event) goes to \(answer["endpoints"]?.integerValue ?? 0) endpoints again"
                }
                let forwarder = EventForwarder(url: forwardTo, secret: try merchant.forwardingSecret())
                return "\(event)  -> \(await forwarder.forward(try await client.get("/v1/events/\(event)")))"
            }
            Console.result(outcome)
        }
    }
}
