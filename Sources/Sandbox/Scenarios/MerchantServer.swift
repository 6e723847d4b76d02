import HTTPMessages
import HTTPServer
import Logging
import Seams
import StrictJSON
import Synchronization
import Webhooks

/// A merchant's server that accepts only events with a valid signature.
final class MerchantServer: Sendable {
    /// An accepted event.
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
    /// The address to which events are sent.
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
                    // The identifier is the same at every attempt: a repeated one is the same event.
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
            // A payment that was only detected has no identifier of its own yet: its event is about its invoice.
            let subject = (body["data"]?["id"] ?? body["data"]?["invoice"])?.stringValue
        else { return nil }
        return Event(id: id, type: type, subject: subject)
    }

    /// Sets the secret by which events have to be signed.
    func expect(_ secret: StandardWebhook.Secret) { box.state.withLock { $0.secret = secret } }

    /// The accepted events, in the order of arrival.
    var events: [Event] { box.state.withLock { $0.events } }

    /// How many requests were refused.
    var refused: Int { box.state.withLock { $0.refused } }

    func stop() async { await server.stop() }
}
