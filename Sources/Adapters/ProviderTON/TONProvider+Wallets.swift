package import Money
package import Payments
package import Providers
import TON

extension TONProvider: WalletPaying {
    /// The coins that a jetton transfer carries for its fees, in nanotons; the unused part comes back to the customer.
    private static let jettonFee: UInt128 = 50_000_000

    /// `-239` is the main network, `-3` the test network.
    package var walletNetwork: String { configuration.network == .mainnet ? "-239" : "-3" }

    /// Customers pay by their own wallets.
    package var customerWallets: (any WalletPaying)? { self }

    /// One message: coins with the comment as their body, or a jetton transfer (TEP-74) to the customer's own jetton
    /// wallet with the comment in its forward payload.
    ///
    /// - Throws: `ProviderError`.
    package func walletMessages(
        paying due: Amount,
        of option: PaymentOption,
        from account: String
    ) throws(ProviderError) -> [WalletTransfer] {
        guard case .deposit(let address, let comment, _) = option.instruction,
            let units = UInt128(exactly: due.units), units > 0, units < 1 << 120
        else { throw ProviderError(.invalidRequest, "the option is not paid by a transfer") }
        do {
            let body: Cell? = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { nil }
            guard due.asset != coin else {
                return [WalletTransfer(address: address, units: units, payload: try body?.serialized())]
            }
            guard let jetton = jetton(due.asset) else {
                throw ProviderError(.invalidRequest, "\(due.asset) is not accepted here")
            }
            let payer = try TONAddress(account)
            let transfer = JettonTransfer(
                queryID: 0,
                amount: units,
                destination: try TONAddress(address),
                responseDestination: payer,
                forwardAmount: 1,
                forwardPayload: try body ?? Cell.empty()
            )
            let isTest = configuration.network == .testnet
            return [
                WalletTransfer(
                    address: try jetton.wallet(of: payer).friendly(bounceable: true, testOnly: isTest),
                    units: Self.jettonFee,
                    payload: try transfer.cell().serialized()
                )
            ]
        } catch let error as ProviderError { throw error } catch {
            throw ProviderError(.invalidRequest, "the wallet's account is not a TON address: \(error)")
        }
    }
}
