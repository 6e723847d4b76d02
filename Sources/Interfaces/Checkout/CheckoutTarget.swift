import HTTPMessages
import Seams

/// A request for a page, parsed.
struct CheckoutTarget {
    let request: HTTPRequest
    private let target: RequestTarget
    var path: [String] { target.path }
    /// The language that the customer chose.
    var language: String? { target.parameter("lang") }

    init(_ request: HTTPRequest) {
        self.request = request
        target = RequestTarget(request.url)
    }

    func require(_ method: String) throws(CheckoutError) {
        guard request.method == method else { throw .methodNotAllowed([method]) }
        if method == "POST" { try requireOwnPage() }
    }

    /// Refuses a request that another site made a customer's browser send; other clients name no site, and pass.
    func requireOwnPage() throws(CheckoutError) {
        // The browser's own statement counts first: behind a proxy, the host differs from the one that the customer
        // used.
        if let site = request.field("Sec-Fetch-Site") {
            guard site == "same-origin" || site == "none" else { throw .foreignPage }
            return
        }
        guard let origin = request.field("Origin") else { return }
        let (site, host) = (origin.split(separator: "/").last.map { String($0) }, request.field("Host"))
        guard site.hasSameBytes(as: host) else {
            throw .foreignPage
        }
    }

    /// The value of a cookie.
    func cookie(_ name: String) -> String? {
        for field in request.fields where field.isCalled("cookie") {
            for pair in field.value.split(separator: ";") {
                let sides = pair.split(separator: "=", maxSplits: 1)
                if sides.count == 2, sides[0].drop(while: { $0 == " " }) == name { return String(sides[1]) }
            }
        }
        return nil
    }
}
