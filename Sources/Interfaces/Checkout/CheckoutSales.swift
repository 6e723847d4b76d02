import Routing
package import Seams
package import Settlement

/// How customers buy by payment links: what a link sells, and how often strangers may open an invoice by one.
package struct CheckoutSales: Sendable {
    /// Reads the order that a link keeps.
    let order: @Sendable (_ template: String) throws -> InvoiceRequest
    /// How many invoices one visitor opens, by all links together.
    let visitors: RateLimiter
    /// How many invoices are opened by one link, where nothing tells visitors apart.
    let links: RateLimiter

    /// Sales by payment links.
    ///
    /// - Parameters:
    ///   - requestsPerMinute: how many invoices are opened by one link in a minute, where nothing tells visitors apart.
    ///   - clock: tells when there may be more.
    ///   - order: reads the order that a link keeps.
    package init(
        requestsPerMinute: Int,
        clock: any WallClock,
        order: @escaping @Sendable (_ template: String) throws -> InvoiceRequest
    ) {
        self.order = order
        visitors = RateLimiter(perMinute: Visitor.invoicesPerMinute, clock: clock)
        links = RateLimiter(perMinute: requestsPerMinute, clock: clock)
    }
}
