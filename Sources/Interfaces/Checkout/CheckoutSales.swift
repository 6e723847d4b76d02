import Routing
package import Seams
package import Settlement

/// How customers buy by payment links: what a link sells, and how often strangers may open an invoice by one.
package struct CheckoutSales: Sendable {
    /// Reads the order that a link keeps.
    let order: @Sendable (_ template: String) throws -> InvoiceRequest
    /// Limits the invoices that one visitor opens, by all links together.
    let visitors: RateLimiter
    /// Limits the invoices of one link while visitors cannot be told apart.
    let links: RateLimiter

    /// Sales by payment links.
    ///
    /// - Parameters:
    ///   - requestsPerMinute: the most invoices of one link in a minute while visitors cannot be told apart.
    ///   - clock: measures the limits.
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
