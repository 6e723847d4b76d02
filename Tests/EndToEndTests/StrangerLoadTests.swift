import CommandParts
import Cryptography
import Dispatch
import Gateway
import Glibc
import HTTPMessages
import Routing
import Scenarios
import Seams
import StrictJSON
import Synchronization
import TONConnect
import TelegramBot
import Testing

@Suite("Requests of strangers", .serialized)
struct StrangerLoadTests {
    @Test("keep no pre-checkout waiting, even while all of them hang")
    func preCheckout() async throws {
        try await withWorld { world in
            let order: JSONValue = [
                "title": "Tea", "description": "Tea", "goods": "physical", "amount": "2", "asset": "fiat:EUR",
                "rails": [["rail": "telegram_fiat"]],
            ]
            let invoice = try await world.merchant.post("/v1/invoices", order, idempotencyKey: "i")
            let option = try #require(invoice["options"]?.arrayValue?.first)
            let (router, seen) = (world.gateway.router, Seen())
            let release = DispatchSemaphore(value: 0)
            router.strangers.occupy { release.wait() }
            let page = HTTPRequest(url: "/pay/\(invoice["id"]?.stringValue ?? "")")
            let strangers = (0..<20).map { _ in
                Task {
                    guard case .response(let response) = await router.answer(page) else { return }
                    if response.status == 200 { seen.count.withLock { $0 += 1 } }
                }
            }
            #expect(try await world.pay(option, by: "alice"), "a customer could not pay")
            #expect(seen.count.withLock { $0 } == 0, "pages were answered elsewhere")
            release.signal()
            for stranger in strangers { await stranger.value }
            #expect(seen.count.withLock { $0 } == 20)
        }
    }

    private final class Seen: Sendable {
        let count = Mutex(0)
    }

    @Test("have bodies of at most 32 KiB until a key is proven")
    func bodies() async throws {
        try await withWorld { world in
            let router = world.gateway.router
            for url in ["/pay/x/session", "/buy/x", "/nothing", "/v1/invoices"] {
                #expect(router.bodyLimit(of: HTTPRequest(method: "POST", url: url)) == 32_768)
            }
            func bound(_ key: String, fields: Int = 1) async -> (limit: Int, status: Int?) {
                let field = HTTPField("Authorization", key)
                let fields = [HTTPField](repeating: field, count: fields)
                let request = HTTPRequest(method: "POST", url: "/v1/invoices", fields: fields)
                let refusal = await router.admit(request)
                return (router.bodyLimit(of: request), refusal?.status)
            }
            // A key counts only once its secret is proven.
            let key = "Bearer \(world.apiKey)"
            let made = try await world.merchant.post(
                "/v1/api_keys",
                ["label": "second", "role": "secret"],
                idempotencyKey: "k"
            )
            let second = "Bearer \(made["key"]?.stringValue ?? "")"
            let unproven = [
                "Bearer x", "Bearer", "Basic eDp5", "Bearer sk_test_x_y", String(key.dropLast()) + "!",
                String(second.dropLast()),
                "Bearer sk_test_\(String(repeating: "0", count: 26))_\(String(repeating: "0", count: 64))",
            ]
            for text in unproven {
                let (limit, status) = await bound(text)
                #expect(limit == 32_768 && status == 401, "\(text)")
            }
            let twice = await bound(key, fields: 2)
            #expect(twice.limit == 32_768 && twice.status == 401)
            for proven in [key, second] {
                let (limit, status) = await bound(proven)
                #expect(limit == 1 << 20 && status == nil)
            }
            let id = made["id"]?.stringValue ?? ""
            let revocation = InterfaceTests.request(world, "DELETE", "/v1/api_keys/\(id)")
            #expect(await router.respond(to: revocation).status == 200)
            let revoked = await bound(second)
            #expect(revoked.limit == 32_768 && revoked.status == 401)
        }
    }

    private static func repeated(_ piece: String, _ bytes: Int) -> String {
        String(repeating: piece, count: bytes / piece.utf8.count)
    }

    private static func distinct(_ bytes: Int, _ piece: (Int) -> String) -> String {
        var text = ""
        var number = 0
        while text.utf8.count < bytes {
            text += piece(number)
            number += 1
        }
        return text
    }

    /// Every reader of strangers' texts, with a text that is expensive for its kind.
    private static let readers:
        [(name: String, bytes: Int, text: @Sendable (Int) -> String, read: @Sendable (String) -> Void)] = {
            let token = SecretBytes(Array("1:token".utf8))
            @Sendable func check(_ text: String) {
                let now = Timestamp(seconds: 0)
                try? InitData(parsing: text).check(botToken: token, now: now, maximumAge: .seconds(1))
            }
            @Sendable func json(_ text: String) { _ = try? JSONValue(parsing: Array(text.utf8)) }
            @Sendable func target(_ text: String) { _ = RequestTarget(text).parameter("z") }
            @Sendable func events(_ text: String) {
                var reader = EventStreamReader()
                _ = try? reader.read(Array(text.utf8))
            }
            return [
                ("init data, one long field", 1_000, { "hash=\(repeated("0", 64))&a=\(repeated("x", $0))" }, check),
                ("init data, escapes", 1_000, { "hash=\(repeated("0", 64))&a=\(repeated("%41", $0))" }, check),
                ("init data, many fields", 1_000, { size in distinct(size) { "k\($0)=1&" } }, check),
                (
                    "init data, long names", 1_000,
                    { size in distinct(size) { repeated("k", size / 50) + "\($0)=1&" } }, check
                ),
                ("JSON, one object", 60_000, { size in "{" + distinct(size) { "\"k\($0)\":1," } + "\"z\":1}" }, json),
                ("JSON, escapes", 60_000, { "\"" + repeated("\\u0061", $0) + "\"" }, json),
                ("JSON, escapes that end early", 60_000, { "\"" + repeated("\\ud800", $0) }, json),
                ("JSON, an array", 60_000, { "[" + repeated("1,", $0) + "1]" }, json),
                ("JSON, a number", 60_000, { repeated("7", $0) }, json),
                ("JSON, brackets", 60_000, { repeated("[", $0) }, json),
                ("a target, slashes", 4_000, { repeated("/", $0) + "?" }, target),
                ("a target, parameters", 4_000, { "/?" + repeated("a&", $0) }, target),
                ("a target, escapes", 4_000, { "/?a=" + repeated("%41", $0) }, target),
                ("events, one line", 30_000, { "data: " + repeated("x", $0) }, events),
                ("events, many lines", 30_000, { repeated("data: x\n", $0) + "\n" }, events),
                ("events, returns", 30_000, { repeated("\r\n", $0) }, events),
                (
                    "a Bot API update", 60_000,
                    { size in "{\"update_id\":1,\"message\":{" + distinct(size) { "\"k\($0)\":1," } + "\"z\":1}}" },
                    { _ = try? Update(parsing: Array($0.utf8)) }
                ),
            ]
        }()

    /// The least processor time of a few runs, of this thread only, so that other load does not count.
    private static func cost(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
        }
        return (0..<7).map { _ in
            let start = now()
            body()
            return now() - start
        }
        .min() ?? 0
    }

    @Test("cost time in step with their size: an eightfold size takes at most sixteen times as long")
    func linear() {
        for reader in Self.readers {
            let (small, large) = (reader.text(reader.bytes), reader.text(8 * reader.bytes))
            // Many small ones, so that the measured time exceeds the clock's resolution.
            let one = Self.cost { for _ in 0..<8 { reader.read(small) } } / 8
            let eight = Self.cost { reader.read(large) }
            #expect(eight <= 16 * one + 20_000, "\(reader.name): \(Int(one)) ns, \(Int(eight)) ns")
        }
    }

    @Test("are bounded before they are read: init data has at most 64 fields and 8 KiB")
    func bounds() {
        let fields = (0..<65).map { "k\($0)=1" }.joined(separator: "&")
        #expect(throws: InitData.Refusal.self) { try InitData(parsing: fields) }
        #expect(throws: InitData.Refusal.self) { try InitData(parsing: "a=" + String(repeating: "x", count: 8_191)) }
        #expect(throws: InitData.Refusal.self) { try InitData(parsing: "b=1&a=1&b=2") }
        #expect(throws: Never.self) { try InitData(parsing: "e\u{301}=1&\u{e9}=2") }
    }
}
