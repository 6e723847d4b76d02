package import Money
package import Payments

/// Prepares the messages that a customer's own wallet signs to pay an option, so that the customer types nothing.
package protocol WalletPaying: Sendable {
    /// The network's identifier for wallets: `-239` or `-3` on TON.
    var walletNetwork: String { get }

    /// The messages by which a wallet pays.
    ///
    /// - Parameters:
    ///   - due: the amount, in the option's asset.
    ///   - option: the option.
    ///   - account: the wallet's account, as the wallet states it.
    /// - Throws: ``ProviderError`` with the code `invalidRequest` when the account is invalid, or the asset is not
    ///   accepted.
    /// - Returns: the messages, in their order.
    func walletMessages(
        paying due: Amount,
        of option: PaymentOption,
        from account: String
    ) throws(ProviderError) -> [WalletTransfer]
}

/// One message that a wallet has to send.
package struct WalletTransfer: Hashable, Sendable {
    /// The receiver, in the rail's own form.
    package let address: String
    /// Smallest units of the chain's own coin.
    package let units: UInt128
    /// The message's body, in the rail's own form; nil for an empty one.
    package let payload: [UInt8]?

    /// One message.
    package init(address: String, units: UInt128, payload: [UInt8]?) {
        self.address = address
        self.units = units
        self.payload = payload
    }
}
