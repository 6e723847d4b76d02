import Cryptography
import HTTPMessages
import Money
import Payments
import Seams
import Settlement

/// The page of a payment link: what is sold, and a button that opens an invoice.
///
/// Showing the page opens no invoice, so that previews of links in chats take nothing from the stock.
extension Checkout {
    private static let cookiePrefix = "buy_"

    /// The page.
    ///
    /// - Throws: `MoneyError` when the price's asset is not in the list.
    func linkPage(
        _ link: PaymentLink,
        merchant: String,
        isSold: Bool,
        _ target: CheckoutTarget
    ) throws -> HTTPResponse {
        let request = target.request
        let texts = Texts.choose(target.language, accepting: request.field("Accept-Language"))
        guard let asset = settlement.assets.asset(link.price.asset) else {
            throw SettlementError(.unknownAsset, "\(link.price.asset) is not in the asset list")
        }
        let price = texts.amount(try asset.text(link.price), asset.ticker(at: settlement.clock.now()))
        let context: [String: Any] = [
            "language": texts.language, "t": texts.groups, "version": CheckoutAssets.version, "invoice": "",
            "merchant": merchant, "title": link.title, "description": link.summary, "hasAmount": true, "amount": price,
            "stage": isSold ? "expired" : "waiting",
            "heading": texts.text(isSold ? "label.sold" : "label.for_sale"),
            "hint": texts.text(isSold ? "label.sold_hint" : "label.for_sale_hint"),
            "buy": isSold ? [] : [["link": link.id.text]],
        ]
        return Self.page(context, status: isSold && request.method == "POST" ? 409 : 200)
    }

    /// The customer that the init data of a purchase names; nil when there is none, or its bot does not serve the
    /// link's merchant.
    ///
    /// Anybody with a bot's token can name any customer, so that each bot's customers are counted separately.
    ///
    /// - Throws: ``CheckoutError`` when the init data is refused.
    func customer(buying link: PaymentLink, _ request: HTTPRequest) throws(CheckoutError) -> LinkVisitor? {
        let prefix = "init_data="
        let form = request.body.split(separator: UInt8(ascii: "&")).map { String(decoding: $0, as: UTF8.self) }
        guard let field = form.first(where: { $0.hasPrefix(prefix) }) else { return nil }
        guard let text = RequestTarget("/?\(field)").parameter("init_data"), !text.isEmpty else { return nil }
        let session = try CheckoutSession(text, trusting: trust, at: settlement.clock.now())
        guard trust.serves(session.signer, link) else { return nil }
        return LinkVisitor(name: digest("customer \(session.signer.text) \(session.user)"), places: 1)
    }

    /// All visitors of a network, who share a limit of open invoices of a link.
    func visitor(onNetwork network: String, places: Int) -> LinkVisitor {
        LinkVisitor(name: digest("network \(network)"), places: places)
    }

    /// A keyed digest, so that a reader of the database cannot tell what it was made from.
    private func digest(_ text: String) -> String {
        Hex.encode(HMAC.sha256(key: key, message: Array("link visitor \(text)".utf8)))
    }

    /// The invoice that this browser opened by a link, as its cookie says.
    func invoiceBought(by link: PaymentLinkID, _ target: CheckoutTarget) -> InvoiceID? {
        target.cookie(Self.cookiePrefix + link.text).flatMap { try? InvoiceID($0) }
    }

    /// The redirect to an invoice's page; a new invoice is remembered in a cookie for the next tap.
    func redirect(to invoice: InvoiceID, of link: PaymentLink, isNew: Bool) -> HTTPResponse {
        var fields = [HTTPField("Location", "/pay/\(invoice.text)"), HTTPField("Cache-Control", "no-store")]
        if isNew {
            let name = Self.cookiePrefix + link.id.text
            let place = isSecure ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax"
            let cookie = "\(name)=\(invoice.text); Path=/buy; HttpOnly; Max-Age=86400; \(place)"
            fields.append(HTTPField("Set-Cookie", cookie))
        }
        return HTTPResponse(status: 303, fields: fields, body: [])
    }
}
