/// Why a request about a checkout page is refused.
package enum CheckoutError: Error, Hashable, Sendable {
    /// There is no such invoice, option or file.
    case notFound
    /// The path takes other methods.
    case methodNotAllowed([String])
    /// The request cannot be understood, or a statement in it is wrong: a sentence.
    case refused(String)
    /// The customer has not been identified: a sentence.
    case unauthorized(String)
    /// A page of another site acts in the customer's name.
    case foreignPage
    /// More pages are open than are served at once.
    case tooManyStreams
}
