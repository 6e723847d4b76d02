import ArgumentParser
import CommandParts
import Seams
import StrictJSON
import Webhooks

/// Brings a merchant's events to a developer's machine, which the gateway cannot reach.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Show a merchant's new events, and forward them to a server on this machine.",
        discussion: """
            Example:
              SETTLEGATE_API_KEY=sk_test_… settlegate listen --forward-to http://127.0.0.1:3000/events

            Forwarded events are signed after Standard Webhooks, with a secret that is printed at start and stays the same
            for the same API key. What failed is sent again by 'settlegate events resend'.
            """
    )
    @OptionGroup var merchant: MerchantOptions
    @Option(help: "The address that events are sent to.") var forwardTo: String?
    @Option(help: "Only these types, for example invoice.settled,refund.completed.") var events = ""
    @Flag(help: "Print each event as a line of JSON.") var printJson = false

    mutating func run() async throws {
        let (types, printsJSON) = (Set(events.split(separator: ",").map { String($0) }), printJson)
        let (client, forwarder) = try await Console.usable {
            let secret = try merchant.forwardingSecret()
            if forwardTo != nil { Console.say("events are signed with \(secret.text)") }
            return (try merchant.client(), forwardTo.map { EventForwarder(url: $0, secret: secret) })
        }
        let stream = try await Console.usable { try await EventStream(client) }
        let clock = SystemClock()
        await Termination.run {
            Console.say("waiting for events")
            var stream = stream
            while !Task.isCancelled {
                do {
                    for event in try await stream.next() {
                        try Task.checkCancellation()
                        guard let type = event["type"]?.stringValue, types.isEmpty || types.contains(type) else {
                            continue
                        }
                        // A delivery that is under way when the listener is stopped is finished: the server has it
                        // already.
                        let outcome = await Task { await forwarder?.forward(event) }.value
                        let id = event["id"]?.stringValue ?? ""
                        Console.result(printsJSON ? event.text : "\(type)  \(id)\(outcome.map { "  -> \($0)" } ?? "")")
                    }
                    try await clock.sleep(for: .seconds(1))
                } catch is CancellationError { return } catch {
                    Console.say("the gateway cannot be asked: \(error)")
                    do { try await clock.sleep(for: .seconds(5)) } catch { return }
                }
            }
        }
    }
}
