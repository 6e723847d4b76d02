import HTTPMessages
import Logging
import Routing
import Seams
import StrictJSON
import Synchronization
import Testing

/// An interface that repeats the path of each request, with a given admission.
private struct Desk: AdmittingInterface {
    struct Fault: Error {}

    let root: String
    var admission = Admission.admitted
    var roots: Set<String> { [root] }
    var routeNames: [String] { ["GET /\(root)"] }

    func isFromStranger(_ request: HTTPRequest) -> Bool { request.field("Secret") == nil }

    func isLogged(_ target: RequestTarget) -> Bool { target.path.last != "quiet" }

    func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission {
        isFromStranger ? admission : .admitted
    }

    func events(for request: HTTPRequest) async throws -> AsyncStream<[UInt8]>? {
        request.url.hasSuffix("events") ? AsyncStream { $0.finish() } : nil
    }

    func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse {
        head.append(HTTPField("Desk", root))
        if target.path.last == "fault" { throw Fault() }
        if target.path.last == "unknown" { throw CancellationError() }
        return HTTPResponse(status: 200, body: Array(target.path.joined(separator: " ").utf8))
    }

    func problem(for error: any Error) -> Problem? {
        error is Fault ? Problem(status: 418, code: "fault", title: "Fault", detail: "of \(root)") : nil
    }
}

@Suite("The router")
struct RouterTests {
    private final class Lines: Sendable {
        let kept = Mutex<[RequestLine]>([])
    }

    private let lines = Lines()
    private let metrics = Metrics()

    private func router(_ interfaces: [any Interface]) -> Router {
        Router(
            interfaces,
            metrics: metrics,
            clock: ManualClock(Timestamp(seconds: 1_000)),
            random: SeededRandom(seed: 1),
            keepLine: { [lines] line in lines.kept.withLock { $0.append(line) } },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private var counts: [Substring] {
        metrics.exposition(gauges: [], conditions: []).split(separator: "\n").filter {
            $0.hasPrefix("settlegate_requests_total")
        }
    }

    @Test("sends a request to the interface of its path, however many slashes it has")
    func roots() async {
        let router = router([Desk(root: "a"), Desk(root: "b")])
        #expect(router.routeNames == ["GET /a", "GET /b"])
        for (url, answer) in [("/a", "a"), ("//b//x?y=/a", "b x"), ("/b/", "b")] {
            let response = await router.respond(to: HTTPRequest(url: url))
            #expect(String(decoding: response.body, as: UTF8.self) == answer, "\(url)")
            #expect(response.field("Desk") == String(answer.prefix(1)))
        }
        for url in ["/", "", "/?a", "/c", "/A", "/%61"] {
            let response = await router.respond(to: HTTPRequest(url: url))
            #expect(response.status == 404 && response.field("X-Request-Id") != nil, "\(url)")
        }
    }

    @Test("answers an interface's error with that interface's problem, and reveals no other errors")
    func problems() async throws {
        let router = router([Desk(root: "a")])
        for (name, status, code) in [("fault", 418, "fault"), ("unknown", 500, "internal")] {
            let response = await router.respond(to: HTTPRequest(url: "/a/\(name)"))
            #expect(response.status == status && response.field("Desk") == "a")
            #expect(response.field("Content-Type") == "application/problem+json")
            let problem = try JSONValue(parsing: response.body)
            #expect(problem["code"] == .string(code) && problem["instance"] == .string("/a/\(name)"))
            #expect(problem["request_id"]?.stringValue == response.field("X-Request-Id"))
        }
        #expect(lines.kept.withLock { $0.map(\.code) } == ["fault", "internal"])
    }

    @Test("counts every answer, and logs those whose interface has them logged")
    func counting() async {
        let router = router([Desk(root: "a")])
        for url in ["/a/1", "/a/quiet", "/b/1", "/"] { _ = await router.respond(to: HTTPRequest(url: url)) }
        #expect(lines.kept.withLock { $0.map(\.path) } == ["/a/1", "/b/1"])
        #expect(
            counts == [
                "settlegate_requests_total{route=\"/a\",method=\"GET\",status=\"200\"} 2",
                "settlegate_requests_total{route=\"other\",method=\"GET\",status=\"404\"} 2",
            ]
        )
    }

    @Test("answers a refused client at the head: a refusal is counted, a dismissal is not")
    func admission() async {
        let problem = Problem(status: 401, code: "unauthorized", title: "Unauthorized", detail: "no secret")
        let router = router([
            Desk(root: "a", admission: .refused(problem)), Desk(root: "b", admission: .dismissed(problem)),
            Desk(root: "c"),
        ])
        for url in ["/a/x", "//b/x", "/b//x"] {
            #expect(await router.admit(HTTPRequest(url: url))?.status == 401, "\(url)")
        }
        for url in ["/c", "/d", "/"] { #expect(await router.admit(HTTPRequest(url: url)) == nil, "\(url)") }
        let known = HTTPRequest(url: "/a/x", fields: [HTTPField("Secret", "s")])
        #expect(await router.admit(known) == nil)
        #expect(counts == ["settlegate_requests_total{route=\"/a\",method=\"GET\",status=\"401\"} 1"])
        #expect(lines.kept.withLock { $0.map(\.path) } == ["/a/x"])
    }

    @Test("reads less of strangers' bodies, and says so when one was too large")
    func bodies() async {
        let router = router([Desk(root: "a")])
        #expect(router.bodyLimit(of: HTTPRequest(url: "/a")) == 32_768)
        #expect(router.bodyLimit(of: HTTPRequest(url: "/nobody")) == 32_768)
        #expect(router.bodyLimit(of: HTTPRequest(url: "/a", fields: [HTTPField("Secret", "s")])) == 1 << 20)
        let marked = HTTPRequest(url: "/a", fields: [HTTPField(HTTPRequest.bodyTooLargeField, "1")])
        #expect(await router.respond(to: marked).status == 413)
    }

    @Test("streams events to requests for them")
    func events() async {
        let router = router([Desk(root: "a")])
        guard case .events = await router.answer(HTTPRequest(url: "/a/events")) else {
            Issue.record("the answer is not a stream")
            return
        }
        guard case .response(let response) = await router.answer(HTTPRequest(url: "/events")) else {
            Issue.record("the answer is a stream")
            return
        }
        #expect(response.status == 404)
    }
}
