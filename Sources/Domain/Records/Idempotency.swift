package import Payments
package import Seams

/// A request that a merchant may repeat: the merchant, the route and the idempotency key.
package struct IdempotencyScope: Hashable, Sendable {
    /// The merchant who makes the request.
    package let merchant: MerchantID
    /// The route, for example `POST /v1/invoices`.
    package let route: String
    /// The merchant's key, compared as bytes.
    @Exact package private(set) var key: String

    /// A request that a merchant may repeat.
    package init(merchant: MerchantID, route: String, key: String) {
        self.merchant = merchant
        self.route = route
        self.key = key
    }

    /// The scope as text.
    package var text: String { "\(merchant.text) \(route) \(key)" }
}

/// The result of claiming a request.
package enum IdempotencyClaim: Hashable, Sendable {
    /// The request has to be run, on the object with this identifier, the same one as at the first attempt.
    case claimed(object: String)
    /// Another process or task is running it.
    case inFlight
    /// It was run before, and this was the answer.
    case replay(status: Int, body: String)
    /// The key was used for another request.
    case mismatch
}
