import Money
package import Payments
import Providers
import Seams
import Settlement

/// The invoice that shows an operator that a new gateway works.
extension Gateway {
    /// Opens an invoice over one Star, where Stars are taken, or over a hundredth of a coin.
    ///
    /// - Throws: what opening an invoice throws.
    /// - Returns: the invoice, and the page on which it is paid.
    package func openFirstInvoice(of merchant: MerchantID) async throws -> (id: String, checkoutURL: String) {
        let http = configuration.http
        let base = http.address(listeningAt: "http://\(http.host):\(http.port)")
        settlement.address.become(base)
        let provider = settlement.providers.providers.min { left, right in
            (left.rail == .telegramStars ? 0 : 1) < (right.rail == .telegramStars ? 0 : 1)
        }
        guard let provider, let asset = provider.capabilities.assets.first.flatMap(settlement.assets.asset) else {
            throw ConfigurationError("nothing can be paid: no bot and no wallet is configured")
        }
        let isStars = provider.rail == .telegramStars
        let request = InvoiceRequest(
            title: "A first payment",
            summary: "Shows that the gateway works",
            goods: isStars ? .digital : .service,
            price: try asset.amount(isStars ? "1" : "0.01"),
            choices: [.init(rail: provider.rail, asset: asset.id)],
            lifetime: .seconds(86_400)
        )
        let opened = try await settlement.openInvoice(request, for: merchant, id: settlement.identifiers.next())
        return (opened.invoice.id.text, "\(base)/pay/\(opened.invoice.id.text)")
    }
}
