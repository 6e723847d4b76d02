/// Why a request about a checkout page is refused.
package enum CheckoutError: Error, Hashable, Sendable {
    /// There is no such invoice, option or file.
    case notFound
    /// The path takes other methods.
    case methodNotAllowed([String])
    /// The request cannot be understood, or what it says does not hold: a sentence.
    case refused(String)
    /// Who the customer is has not been shown: a sentence.
    case unauthorized(String)
    /// A page of somebody else wants to act in the customer's name.
    case foreignPage
    /// More pages are open than are served at once.
    case tooManyStreams
}
