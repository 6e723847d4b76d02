import HTTPMessages
import HTTPServer
import Logging
import Seams
import StrictJSON
import Synchronization
import Webhooks

/// A merchant's server that takes events, and believes only those whose signature is right.
final class MerchantServer: Sendable {
    /// An event that was taken.
    struct Event: Sendable {
        let id: String
        let type: String
        let subject: String
    }

    private struct State {
        var secret: StandardWebhook.Secret?
        var events: [Event] = []
        var refused = 0
    }

    private final class Box: Sendable {
        let state = Mutex(State())
    }

    private let box: Box
    private let server: HTTPServer
    /// Where events are sent.
    var url: String { server.url + "/events" }

    private init(box: Box, server: HTTPServer) {
        self.box = box
        self.server = server
    }

    static func start(clock: any WallClock, logger: Logger) async throws -> MerchantServer {
        let box = Box()
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: logger,
            handler: HTTPServer.Handler { request in
                let isTaken = box.state.withLock { state in
                    guard let secret = state.secret,
                        (try? StandardWebhook.verify(
                            request.fields,
                            body: request.body,
                            by: .secret(secret),
                            now: clock.now()
                        )) != nil, let event = event(in: request)
                    else {
                        state.refused += 1
                        return false
                    }
                    // The identifier stays the same over attempts: what comes again is the same event.
                    if !state.events.contains(where: { $0.id == event.id }) { state.events.append(event) }
                    return true
                }
                return HTTPResponse(status: isTaken ? 204 : 401)
            }
        )
        return MerchantServer(box: box, server: server)
    }

    private static func event(in request: HTTPRequest) -> Event? {
        guard let body = try? JSONValue(parsing: request.body), let id = request.field("webhook-id"),
            let type = body["type"]?.stringValue,
            // What was only seen has no identifier of its own yet, and is about its invoice.
            let subject = (body["data"]?["id"] ?? body["data"]?["invoice"])?.stringValue
        else { return nil }
        return Event(id: id, type: type, subject: subject)
    }

    /// What events have to be signed with.
    func expect(_ secret: StandardWebhook.Secret) { box.state.withLock { $0.secret = secret } }

    /// The events that were taken, in the order of arrival.
    var events: [Event] { box.state.withLock { $0.events } }

    /// How many requests were not believed.
    var refused: Int { box.state.withLock { $0.refused } }

    func stop() async { await server.stop() }
}
