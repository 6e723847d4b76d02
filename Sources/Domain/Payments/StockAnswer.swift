/// The answer of a merchant's server about an order's goods, just before the customer's money is taken.
package enum StockAnswer: Hashable, Sendable {
    /// The goods are in stock, or the merchant does not want to be asked.
    case available
    /// The goods are sold out.
    case soldOut
    /// There was no answer in time, or one that is neither yes nor no.
    case unknown
}
