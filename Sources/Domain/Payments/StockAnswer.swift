/// What a merchant's server says of an order's goods, just before the customer's money is taken.
package enum StockAnswer: Hashable, Sendable {
    /// They are there, or the merchant does not want to be asked.
    case available
    /// They are not.
    case soldOut
    /// It did not say: no answer in time, or one that is neither yes nor no.
    case unknown
}
