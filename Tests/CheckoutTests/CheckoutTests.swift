import BigInt
import Checkout
import Cryptography
import HTTPMessages
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Testing

@Suite("The checkout page")
struct CheckoutTests {
    private static let botToken = "4242:token"
    private let key = SecretBytes([UInt8](repeating: 7, count: 32))

    /// Bots whose tokens the gateway does not have, and a key in place of Telegram's.
    private func thirdParties(_ bots: [Int64]) throws -> (CheckoutTrust.ThirdParties, Ed25519.PrivateKey) {
        let telegram = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 9, count: 32)))
        return (CheckoutTrust.ThirdParties(bots: bots, key: telegram.publicKey), telegram)
    }

    private func checkout(
        _ desk: Desk,
        thirdParties: CheckoutTrust.ThirdParties? = nil,
        serves: @escaping @Sendable (CheckoutTrust.Signer, MerchantID, [PaymentOption]) -> Bool = { _, _, _ in true }
    ) -> Checkout {
        Checkout(
            settlement: desk.settlement,
            trust: CheckoutTrust(
                bots: {
                    [
                        .init(key: "other", token: SecretBytes(Array("1:other".utf8))),
                        .init(key: "shop", token: SecretBytes(Array(Self.botToken.utf8))),
                    ]
                },
                thirdParties: thirdParties,
                serves: serves
            ),
            key: key,
            isSecure: true
        )
    }

    private func get(_ url: String, _ fields: [HTTPField] = [], of checkout: Checkout) async throws -> String {
        let response = try #require(try await checkout.respond(to: HTTPRequest(url: url, fields: fields)))
        return String(decoding: response.body, as: UTF8.self)
    }

    private func page(_ opened: InvoiceWithOptions) -> String { "/pay/\(opened.invoice.id.text)" }

    @Test("has a text for every stage in every language, with every placeholder filled", arguments: ["en", "ru"])
    func words(language: String) async throws {
        let desk = try await Desk()
        let checkout = checkout(desk)
        let opened = try await desk.openInvoice()
        let url = page(opened) + "?lang=\(language)"
        var seen: Set<String> = []
        func look() async throws {
            let text = try await get(url, of: checkout)
            #expect(text.contains("<html lang=\"\(language)\">"))
            #expect(!text.contains("{") && !text.contains("}"))
            #expect(text.firstMatch(of: /[a-z_]+\.(heading|hint|telegram_fiat|ton|copy)/) == nil)
            let stage = try #require(text.firstMatch(of: /data-stage="([a-z_]+)"/))
            seen.insert(String(stage.1))
        }
        try await look()
        try await desk.receive(desk.transfer(try desk.amount("0.5"), for: opened.options[0].id))
        try await look()
        try await desk.receive(desk.transfer(try desk.amount("1"), for: opened.options[0].id, number: 2))
        try await look()
        try await desk.receive(desk.transfer(try desk.amount("1"), for: opened.options[0].id, number: 3))
        try await look()
        let other = try await desk.openInvoice(id: InvoiceID(value: 4))
        let stars = Amount(asset: .stars, units: 5_000_000_000)
        try await desk.receive(desk.transfer(stars, for: other.options[0].id, number: 5))
        let foreign = try await get(page(other) + "?lang=\(language)", of: checkout)
        #expect(foreign.contains("5 XTR") && foreign.contains("<details class=\"option\""))
        seen.insert(String(try #require(foreign.firstMatch(of: /data-stage="([a-z_]+)"/)).1))
        let late = try await desk.openInvoice(id: InvoiceID(value: 2))
        let cancelled = try await desk.openInvoice(id: InvoiceID(value: 3))
        _ = try await desk.settlement.cancelInvoice(cancelled.invoice.id, of: desk.merchant)
        desk.clock.advance(by: .seconds(601))
        for (opened, isPaid) in [(late, false), (cancelled, false), (late, true), (other, false)] {
            if isPaid {
                try await desk.receive(desk.transfer(try desk.amount("1.5"), for: late.options[0].id, number: 4))
            }
            let text = try await get(page(opened) + "?lang=\(language)", of: checkout)
            #expect(!text.contains("{"))
            seen.insert(String(try #require(text.firstMatch(of: /data-stage="([a-z_]+)"/)).1))
        }
        #expect(
            seen == [
                "waiting", "short", "paid", "over", "wrong_asset", "closed_wrong_asset", "ending", "cancelled", "late",
            ]
        )
    }

    @Test(
        "is in the chosen language, or else in the first supported one that the browser asks for",
        arguments: [
            ("", "", "en"), ("", "ru", "ru"), ("", "de-DE,ru;q=0.8,en;q=0.5", "ru"), ("?lang=ru", "en", "ru"),
            ("?lang=xx", "ru-RU", "ru"), ("?lang=EN", "ru", "en"), ("", ",,;;q=", "en"),
        ]
    )
    func languages(query: String, accepted: String, expected: String) async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let fields = [HTTPField("Accept-Language", accepted)]
        let text = try await get(page(opened) + query, fields, of: checkout(desk))
        #expect(text.contains("<html lang=\"\(expected)\">"))
    }

    @Test("escapes merchants' texts, and lets only its own scripts run")
    func escaping() async throws {
        let desk = try await Desk()
        var request = InvoiceRequest(
            title: "<script>alert(1)</script>",
            summary: "\" onclick=\"alert(1)",
            goods: .physical,
            price: try desk.amount("1")
        )
        request.returnURL = "https://shop.example/?a=1&b='onclick='alert(1)"
        let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        let response = try #require(try await checkout(desk).respond(to: HTTPRequest(url: page(opened))))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.matches(of: /<script/).count == 1)
        #expect(!text.contains("\" onclick") && !text.contains("'onclick"))
        #expect(text.contains("a=1&amp;b="))
        let policy = try #require(response.field("Content-Security-Policy"))
        #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
    }

    @Test(
        "refuses return addresses that are not http addresses",
        arguments: [
            "", "shop.example", "javascript:alert(1)", "https://shop.example/?b=\"><script>", "https://shop.example/ a",
            "ftp://x", "https://", "https:///x",
            "http://[::1", "https://a:b@shop.example", "https://shop.example:123456", "https://-x", "https://x\u{e9}",
        ]
    )
    func returnURLs(url: String) async throws {
        let desk = try await Desk()
        var request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1"))
        request.returnURL = url
        await #expect(throws: SettlementError(.invalidRequest, "", parameter: "return_url")) {
            try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        }
    }

    // MARK: - Sessions

    private func initData(user: Int, at now: Timestamp, token: String = botToken) -> String {
        let fields = [("auth_date", "\(now.seconds)"), ("user", "{\"id\":\(user)}")]
        let lines = fields.map { "\($0)=\($1)" }.joined(separator: "\n")
        let secret = HMAC.sha256(key: Array("WebAppData".utf8), message: Array(token.utf8))
        let hash = Hex.encode(HMAC.sha256(key: secret, message: Array(lines.utf8)))
        return "auth_date=\(now.seconds)&user=%7B%22id%22%3A\(user)%7D&hash=\(hash)"
    }

    private func session(_ text: String, _ opened: InvoiceWithOptions, at checkout: Checkout) async throws -> String {
        var request = HTTPRequest(method: "POST", url: page(opened) + "/session")
        request.body = (["init_data": .string(text)] as JSONValue).bytes
        let response = try #require(try await checkout.respond(to: request))
        let cookie = try #require(response.field("Set-Cookie"))
        #expect(cookie.hasSuffix("; Path=/pay; HttpOnly; Max-Age=3600; SameSite=None; Secure; Partitioned"))
        return String(cookie.prefix { $0 != ";" })
    }

    @Test("shows the payment options of a bound invoice to its customer only, for an hour")
    func sessions() async throws {
        let desk = try await Desk()
        var request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1"))
        request.payer = 77
        request.lifetime = .seconds(86_400)
        let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        let checkout = checkout(desk)
        func isOffered(_ cookie: String) async throws -> Bool {
            try await get(page(opened), [HTTPField("Cookie", "a=b; \(cookie)")], of: checkout).contains("data-option")
        }
        let good = try await session(initData(user: 77, at: desk.clock.now()), opened, at: checkout)
        let other = try await session(initData(user: 78, at: desk.clock.now()), opened, at: checkout)
        #expect(try await isOffered(good))
        let forged = [good.replacing("77.", with: "78."), good + "0", String(good.dropLast()), "pay_session=77"]
        for cookie in [other, ""] + forged { #expect(try await !isOffered(cookie), "\(cookie)") }
        desk.clock.advance(by: .seconds(3_601))
        #expect(try await !isOffered(good))
    }

    @Test("shows no options to a session signed by another merchant's bot, wherever the session was opened")
    func foreignSessions() async throws {
        let desk = try await Desk()
        var request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1"))
        request.payer = 77
        let bound = try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        let stranger = MerchantID(value: 0)
        let theirs = try await desk.settlement.openInvoice(request, for: stranger, id: InvoiceID(value: 2))
        let merchant = desk.merchant
        let checkout = checkout(desk) { signer, seller, _ in
            signer == .bot(seller == merchant ? "shop" : "other")
        }
        let now = desk.clock.now()
        let foreign = initData(user: 77, at: now, token: "1:other")
        await #expect(throws: CheckoutError.self) { try await session(foreign, bound, at: checkout) }
        // The session is opened at the other merchant's invoice, and its cookie is shown to this one.
        let moved = try await session(foreign, theirs, at: checkout)
        let own = try await session(initData(user: 77, at: now), bound, at: checkout)
        let renamed = moved.replacing(".other.", with: ".shop.")
        for (cookie, isOffered) in [(moved, false), (renamed, false), (own, true)] {
            let text = try await get(page(bound), [HTTPField("Cookie", cookie)], of: checkout)
            #expect(text.contains("data-option") == isOffered, "\(cookie)")
        }
    }

    @Test(
        "accepts init data with Telegram's own signature for Mini Apps of named bots only",
        arguments: [(12, true), (13, true), (14, false)]
    )
    func thirdParties(bot: Int64, isNamed: Bool) async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let (trusted, telegram) = try thirdParties([12, 13])
        let checkout = checkout(desk, thirdParties: trusted)
        let now = desk.clock.now().seconds
        // The lines that are signed: all fields but hash and signature, in their order (Bot API, third-party use).
        let lines = "\(bot):WebAppData\nauth_date=\(now)\nuser={\"id\":5}"
        func data(_ signature: [UInt8]) -> String {
            let text = Base64.encode(signature).replacing("+", with: "-").replacing("/", with: "_").replacing(
                "=",
                with: ""
            )
            return
                "auth_date=\(now)&user=%7B%22id%22%3A5%7D&hash=\(String(repeating: "0", count: 64))&signature=\(text)"
        }
        let signed = data(try telegram.sign(Array(lines.utf8)))
        let stranger = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 8, count: 32)))
        let forged = data(try stranger.sign(Array(lines.utf8)))
        if isNamed {
            #expect(try await session(signed, opened, at: checkout).hasPrefix("pay_session=5."))
        } else {
            await #expect(throws: CheckoutError.self) { try await session(signed, opened, at: checkout) }
        }
        await #expect(throws: CheckoutError.self) { try await session(forged, opened, at: checkout) }
        // A gateway that names no other bots accepts no such signature.
        await #expect(throws: CheckoutError.self) { try await session(signed, opened, at: self.checkout(desk)) }
    }

    @Test("opens no session with init data that is old, changed or signed by another bot")
    func refusedSessions() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let checkout = checkout(desk)
        let now = desk.clock.now()
        let wrong = [
            initData(user: 1, at: now.advanced(by: .seconds(-301))), initData(user: 1, at: now, token: "9:strange"),
            initData(user: 1, at: now).replacing("%3A1%7D", with: "%3A2%7D"), "", "user", "hash=zz&auth_date=1",
        ]
        for text in wrong {
            await #expect(throws: CheckoutError.self, "\(text)") { try await session(text, opened, at: checkout) }
        }
    }

    // MARK: - Events

    @Test("sends an open page the current revision, then each new one, until the server stops")
    func events() async throws {
        let desk = try await Desk()
        var request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1.5"))
        request.lifetime = .seconds(31 * 86_400)
        let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        let checkout = checkout(desk)
        let stream = try #require(try await checkout.events(for: HTTPRequest(url: page(opened) + "/events")))
        let ticking = Task { [clock = desk.clock] in
            while !Task.isCancelled {
                if clock.sleeperCount > 0 { clock.advance(by: .milliseconds(1_000)) }
                await Task.yield()
            }
        }
        var revisions: [String] = []
        for await event in stream {
            let text = String(decoding: event, as: UTF8.self)
            if text == ": \n\n" { continue }
            #expect(text.firstMatch(of: /^data: [0-9a-f]{16}\n\n$/) != nil)
            revisions.append(text)
            if revisions.count == 2 { checkout.stop() }
            if revisions.count == 1 {
                try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
            }
        }
        ticking.cancel()
        #expect(Set(revisions).count == 2)
        #expect(checkout.openStreams == 0)
        await #expect(throws: CheckoutError.tooManyStreams) {
            _ = try await checkout.events(for: HTTPRequest(url: page(opened) + "/events"))
        }
    }

    @Test("sends no events of an unknown invoice, and none after it has stopped")
    func refusedEvents() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let checkout = checkout(desk)
        for path in ["/pay/nonsense/events", "/pay/inv_00000000000000000000000009/events"] {
            await #expect(throws: CheckoutError.notFound) {
                _ = try await checkout.events(for: HTTPRequest(url: path))
            }
        }
        let elsewhere = [page(opened), page(opened) + "/status", "/events"].map { HTTPRequest(url: $0) }
        for request in elsewhere { #expect(try await checkout.events(for: request) == nil) }
        let posted = HTTPRequest(method: "POST", url: page(opened) + "/events")
        #expect(try await checkout.events(for: posted) == nil)
        await #expect(throws: CheckoutError.methodNotAllowed(["GET"])) { try await checkout.respond(to: posted) }
        checkout.stop()
        await #expect(throws: CheckoutError.tooManyStreams) {
            _ = try await checkout.events(for: HTTPRequest(url: page(opened) + "/events"))
        }
    }

    @Test("forgets closed pages")
    func closedPages() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let checkout = checkout(desk)
        for _ in 0..<100 { _ = try await checkout.events(for: HTTPRequest(url: page(opened) + "/events")) }
        #expect(checkout.openStreams == 0)
    }

    // MARK: - Addresses

    @Test(
        "answers its own addresses and no others",
        arguments: [
            ("/pay/inv_00000000000000000000000009/status", CheckoutError.notFound), ("/pay/nonsense/status", .notFound),
            ("/pay/ID/nothing", .notFound), ("/pay/ID/qr/opt_1.svg", .notFound), ("/pay/ID/qr", .notFound),
            ("/checkout/v/other.css", .notFound), ("/checkout/checkout.css", .notFound),
            ("/pay/ID/session", .methodNotAllowed(["POST"])),
        ]
    )
    func addresses(url: String, expected: CheckoutError) async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let checkout = checkout(desk)
        await #expect(throws: expected) {
            try await checkout.respond(to: HTTPRequest(url: url.replacing("ID", with: opened.invoice.id.text)))
        }
        #expect(try await checkout.respond(to: HTTPRequest(url: "/elsewhere")) == nil)
    }

    @Test("answers 404 only for an invoice that does not exist, not while the database is away")
    func databaseGone() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let checkout = checkout(desk)
        let missing = HTTPRequest(url: "/pay/inv_00000000000000000000000009")
        #expect(try await checkout.respond(to: missing)?.status == 404)
        try await desk.settlement.database.close()
        await #expect(throws: StorageError.self) { try await checkout.respond(to: HTTPRequest(url: page(opened))) }
        await #expect(throws: StorageError.self) { try await checkout.respond(to: missing) }
    }
}
