import HTTPMessages
import Seams

/// A request taken apart.
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

    /// Refuses what a page of another site has a customer's browser send; what is no browser names no site.
    func requireOwnPage() throws(CheckoutError) {
        // What the browser itself says counts first: behind a proxy the host is another than the customer's.
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
