package import Cryptography
package import HTTPMessages
import Money
import Mustache
import Payments
import Records
import Seams
package import Settlement
import StrictJSON
import WalletPayments

/// The customers' pages: an invoice's page with its files, QR codes and events, and a payment link's page.
///
/// Anybody with an invoice's address may see it, as with every payment link. An invoice that names its customer shows
/// ways to pay to that customer only.
package struct Checkout: Sendable {
    let settlement: Settlement
    let wallets: CheckoutWallets?
    let sales: CheckoutSales?
    let trust: CheckoutTrust
    let key: SecretBytes
    let isSecure: Bool
    private let feed: CheckoutFeed

    /// The page of all invoices.
    ///
    /// - Parameters:
    ///   - settlement: the use cases.
    ///   - trust: whose init data shows who a customer is.
    ///   - key: what sessions are signed with.
    ///   - isSecure: whether customers come by https only.
    ///   - wallets: TON Connect; nil when customers' wallets are not asked.
    ///   - sales: payment links; nil when nothing is sold by them.
    package init(
        settlement: Settlement,
        trust: CheckoutTrust,
        key: SecretBytes,
        isSecure: Bool,
        wallets: CheckoutWallets? = nil,
        sales: CheckoutSales? = nil
    ) {
        self.settlement = settlement
        self.wallets = wallets
        self.sales = sales
        self.trust = trust
        self.key = key
        self.isSecure = isSecure
        feed = CheckoutFeed(clock: settlement.clock) { invoices in
            let now = settlement.clock.now()
            let views = try await settlement.customerViews(invoices)
            return Dictionary(
                views.map { ($0.invoice.invoice.id, CheckoutFacts($0).revision(at: now)) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }

    /// Ends the streams of all pages, so that a server can stop.
    package func stop() { feed.stop() }

    /// How many pages are being told of changes.
    package var openStreams: Int { feed.count }

    /// Answers a request for a page or one of its parts; returns nil when the path is none of these.
    ///
    /// - Throws: ``CheckoutError``, and what the database throws.
    package func respond(to request: HTTPRequest) async throws -> HTTPResponse? {
        let target = CheckoutTarget(request)
        switch target.path.first {
        case "settlegate.js", "settlegate.d.ts":
            guard target.path.count == 1 else { return nil }
            try target.require("GET")
            return CheckoutAssets.script(target.path[0])
        case "tonconnect-manifest.json", "tonconnect-icon.png":
            guard target.path.count == 1 else { return nil }
            try target.require("GET")
            return target.path[0].hasSuffix(".png") ? CheckoutAssets.icon : try manifest()
        case "checkout":
            try target.require("GET")
            guard target.path.count == 3, let file = CheckoutAssets.file(target.path[2]) else {
                throw CheckoutError.notFound
            }
            return file
        case "buy" where target.path.count == 2: return try await buy(target)
        case "pay" where target.path.count >= 2: return try await page(target)
        default: return nil
        }
    }

    /// The events of an invoice's page, when the request asks for them.
    ///
    /// - Throws: ``CheckoutError``, and what the database throws.
    package func events(for request: HTTPRequest) async throws -> AsyncStream<[UInt8]>? {
        guard request.url.hasPrefix("/pay/") else { return nil }
        let target = CheckoutTarget(request)
        guard target.path.count == 3, target.path[0] == "pay", target.path[2] == "events", request.method == "GET"
        else {
            return nil
        }
        let facts = try await facts(target.path[1])
        return try feed.events(of: facts.invoice.invoice.id, at: facts.invoice.invoice.merchant)
    }

    private func page(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let rest = target.path.dropFirst(2)
        switch (rest.first, rest.count) {
        case (nil, 0):
            try target.require("GET")
            return try await html(target)
        case ("status", 1):
            try target.require("GET")
            return try await status(target)
        // A request for events is answered by `events(for:)`.
        case ("events", 1): throw CheckoutError.methodNotAllowed(["GET"])
        case ("session", 1):
            try target.require("POST")
            return try await open(target)
        case ("renew", 1):
            try target.require("POST")
            return try await renew(target)
        case ("wallet", 1):
            try target.require("POST")
            return try await openWallet(target)
        case ("qr", 2):
            try target.require("GET")
            return try await picture(target, rest[rest.startIndex + 1])
        default: throw CheckoutError.notFound
        }
    }

    // MARK: - The page

    /// The data of a page, read at one moment.
    private struct Stored: Sendable {
        let facts: CheckoutFacts
        /// The customer's Telegram user; nil when it was not proven.
        let user: Int64?
        let merchant: String
        /// The rail by which this customer paid the merchant before.
        let usedRail: Rail?
    }

    private func html(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let texts = Texts.choose(target.language, accepting: target.request.field("Accept-Language"))
        let now = settlement.clock.now()
        guard let stored = try await stored(target) else { return Self.notFound(texts) }
        let (invoice, user) = (stored.facts.invoice.invoice, stored.user)
        let view = CheckoutView(
            facts: stored.facts,
            merchant: stored.merchant,
            returnURL: invoice.returnURL,
            assets: settlement.assets,
            texts: texts,
            now: now,
            usedRail: stored.usedRail,
            chosenRail: target.cookie("pay_rail").flatMap { Rail(rawValue: $0) },
            isInTelegram: user != nil,
            isBound: invoice.payer != nil && invoice.payer != user,
            walletEntries: wallets?.payments.wallets ?? [],
            network: { [settlement] in settlement.networkName(of: $0) }
        )
        return Self.page(try view.context(), status: 200)
    }

    /// The customer's Telegram user by the session cookie; nil when its bot does not serve the invoice's merchant.
    func user(of target: CheckoutTarget, for invoice: InvoiceWithOptions) -> Int64? {
        guard let cookie = target.cookie(CheckoutSession.cookie),
            let session = CheckoutSession(cookie: cookie, key: key, at: settlement.clock.now()),
            trust.serves(session.signer, invoice)
        else { return nil }
        return session.user
    }

    private func stored(_ target: CheckoutTarget) async throws -> Stored? {
        guard let id = try? InvoiceID(target.path[1]) else { return nil }
        guard let view = try await settlement.customerView(id) else { return nil }
        let user = user(of: target, for: view.invoice)
        var usedRail: Rail?
        if let user { usedRail = try await settlement.lastRail(of: "\(user)", paying: view.invoice.invoice.merchant) }
        return Stored(facts: CheckoutFacts(view), user: user, merchant: view.merchantName, usedRail: usedRail)
    }

    /// What may run in the page and who may frame it: our own files, and Telegram's script where Telegram opened it.
    private static let policy = """
        default-src 'none'; script-src 'self' https://telegram.org; style-src 'self'; img-src 'self' data:; \
        connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self' https://web.telegram.org
        """

    static func page(_ context: [String: Any], status: Int) -> HTTPResponse {
        let body = CheckoutAssets.template?.render(context) ?? ""
        let fields = [
            HTTPField("Content-Type", "text/html; charset=utf-8"), HTTPField("Content-Security-Policy", policy),
            HTTPField("X-Content-Type-Options", "nosniff"), HTTPField("Referrer-Policy", "no-referrer"),
            HTTPField("Cache-Control", "no-store"), HTTPField("Vary", "Accept-Language, Cookie"),
        ]
        return HTTPResponse(status: status, fields: fields, body: Array(body.utf8))
    }

    private static func notFound(_ texts: Texts) -> HTTPResponse {
        let context: [String: Any] = [
            "language": texts.language, "t": texts.groups, "version": CheckoutAssets.version, "invoice": "",
            "title": texts.text("label.not_found"), "heading": texts.text("label.not_found"),
            "hint": texts.text("label.not_found_hint"), "stage": "expired",
        ]
        return page(context, status: 404)
    }

    // MARK: - Parts of the page

    /// Where an invoice stands, for scripts of any page.
    private func status(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let facts = try await facts(target.path[1])
        let now = settlement.clock.now()
        let value: JSONValue = [
            "object": "checkout_status", "invoice": .string(facts.invoice.invoice.id.text),
            "stage": .string(facts.stage(at: now).rawValue), "revision": .string(facts.revision(at: now)),
        ]
        let fields = [
            HTTPField("Content-Type", "application/json"), HTTPField("Access-Control-Allow-Origin", "*"),
            HTTPField("Cache-Control", "no-store"),
        ]
        return HTTPResponse(status: 200, fields: fields, body: value.bytes)
    }

    private func open(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let facts = try await facts(target.path[1])
        guard let body = try? JSONValue(parsing: target.request.body), let text = body["init_data"]?.stringValue else {
            throw CheckoutError.refused("'init_data' is what Telegram gave the Mini App")
        }
        let session = try CheckoutSession(text, trusting: trust, at: settlement.clock.now())
        guard trust.serves(session.signer, facts.invoice) else {
            throw CheckoutError.unauthorized("the init data is of a bot that does not serve this invoice's seller")
        }
        // Telegram's web client shows the page in a frame, where browsers return only a cookie of this kind, kept apart
        // for that frame.
        let place = isSecure ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax"
        let cookie =
            "\(CheckoutSession.cookie)=\(session.text(key: key)); Path=/pay; HttpOnly; Max-Age=3600; \(place)"
        let value: JSONValue = [
            "object": "checkout_session", "expires_at": .string(session.expiresAt.description),
        ]
        let fields = [HTTPField("Content-Type", "application/json"), HTTPField("Set-Cookie", cookie)]
        return HTTPResponse(status: 201, fields: fields, body: value.bytes)
    }

    /// Renews quotes that have ended; the page then shows the new ones.
    private func renew(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let facts = try await facts(target.path[1])
        _ = try await settlement.renewQuotes(of: facts.invoice.invoice.id)
        return HTTPResponse(status: 204, fields: [HTTPField("Cache-Control", "no-store")], body: [])
    }

    private func picture(_ target: CheckoutTarget, _ name: String) async throws -> HTTPResponse {
        let facts = try await facts(target.path[1])
        let option = facts.invoice.options.first { "\($0.id.text).svg" == name }
        var link: String?
        if case .deposit(_, _, let transfer) = option?.instruction { link = transfer }
        if let session = facts.wallet, "\(session.opening.id.text).svg" == name { link = session.opening.link }
        // Only the customer of the invoice is told where to pay, as on the page.
        let payer = facts.invoice.invoice.payer
        guard payer == nil || payer == user(of: target, for: facts.invoice), let link, let code = QRCode(link) else {
            throw CheckoutError.notFound
        }
        let fields = [
            HTTPField("Content-Type", "image/svg+xml"), HTTPField("Cache-Control", "private, max-age=86400"),
            HTTPField("Content-Security-Policy", "default-src 'none'"),
        ]
        return HTTPResponse(status: 200, fields: fields, body: Array(code.svg.utf8))
    }

    func facts(_ text: String) async throws -> CheckoutFacts {
        guard let id = try? InvoiceID(text) else { throw CheckoutError.notFound }
        guard let view = try await settlement.customerView(id) else { throw CheckoutError.notFound }
        return CheckoutFacts(view)
    }
}

extension CheckoutFacts {
    /// The facts about an invoice, from what is stored.
    init(_ view: CustomerView) {
        self.init(invoice: view.invoice, payments: view.payments, refunds: view.refunds, wallet: view.wallet)
    }
}
