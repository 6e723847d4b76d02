package import Money
package import Payments

/// Says what a customer's own wallet has to sign to pay an option, so that the customer need not type anything.
package protocol WalletPaying: Sendable {
    /// The network, in the words of wallets: `-239` or `-3` on TON.
    var walletNetwork: String { get }

    /// The messages by which a wallet pays.
    ///
    /// - Parameters:
    ///   - due: how much of the option's asset.
    ///   - option: the option.
    ///   - account: the wallet's account, as the wallet says.
    /// - Throws: ``ProviderError`` with the code `invalidRequest` when the account is none, or the asset is not taken.
    /// - Returns: the messages, in their order.
    func walletMessages(
        paying due: Amount,
        of option: PaymentOption,
        from account: String
    ) throws(ProviderError) -> [WalletTransfer]
}

/// One message that a wallet has to send.
package struct WalletTransfer: Hashable, Sendable {
    /// To whom, in the rail's own form.
    package let address: String
    /// Smallest units of the chain's own coin.
    package let units: UInt128
    /// What it says, in the rail's own form; none for nothing.
    package let payload: [UInt8]?

    /// One message.
    package init(address: String, units: UInt128, payload: [UInt8]?) {
        self.address = address
        self.units = units
        self.payload = payload
    }
}
