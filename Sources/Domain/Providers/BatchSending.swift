package import Money
package import Payments

/// Sends many orders in one request, where the rail's requests can hold several.
///
/// Each order has a fate of its own; its prepared transfer carries its position in the request.
package protocol BatchSending: TransferSending {
    /// The most orders of one request.
    var maximumBatch: Int { get }

    /// An order's part of the network's fee when it is signed with others, at the last known prices; nil when the fee is
    /// unknown, or there is none.
    ///
    /// It never grows with the count, and is that of ``TransferSending/expectedFee(of:)`` for one order.
    ///
    /// - Parameters:
    ///   - order: the order.
    ///   - count: how many orders are signed together, with this one.
    /// - Returns: the part, in the asset in which the network takes it.
    func expectedFee(of order: TransferOrder, among count: Int) -> Amount?

    /// Signs orders together. Nothing leaves the process.
    ///
    /// - Parameters:
    ///   - orders: the orders, the most urgent first; at most ``maximumBatch``.
    ///   - sequence: the highest number that any request of this provider has used, whatever its fate.
    ///   - permit: the right to sign.
    /// - Throws: ``ProviderError`` when none of them can be sent now.
    /// - Returns: the signed transfers and the refused orders; orders that are neither have to wait.
    func prepare(
        _ orders: [TransferOrder],
        after sequence: Int64?,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedBatch
}

extension BatchSending {
    /// On many rails a batch saves nothing.
    package func expectedFee(of order: TransferOrder, among count: Int) -> Amount? { expectedFee(of: order) }
}

/// Orders that were signed together, and those that never can be.
package struct PreparedBatch: Hashable, Sendable {
    /// The signed transfer for each order, by the order's identifier: the same bytes, at different positions.
    package var prepared: [String: PreparedTransfer]
    /// Why orders can never be sent, by their identifiers.
    package var refused: [String: String]

    /// Orders that were signed together.
    package init(prepared: [String: PreparedTransfer], refused: [String: String]) {
        self.prepared = prepared
        self.refused = refused
    }
}
