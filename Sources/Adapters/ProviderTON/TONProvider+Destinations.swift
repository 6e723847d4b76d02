import Cryptography
package import Money
package import Providers
import TON

extension TONProvider {
    /// Contracts of the network itself on the masterchain, by the byte that their addresses repeat: the elector and the
    /// configuration.
    private static let system: [UInt8] = [0x33, 0x55]

    /// The account that a destination names, in its raw spelling.
    ///
    /// - Throws: `DestinationRefusal`.
    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        let address = try address(of: destination)
        let bytes = address.hash.bytes
        guard address.isOnExistingWorkchain else {
            throw DestinationRefusal(.network, "there are the workchains 0 and -1 only")
        }
        if bytes.allSatisfy({ $0 == 0 }) { throw DestinationRefusal(.nobody) }
        let isSystem = Self.system.contains { byte in bytes.allSatisfy { $0 == byte } }
        if address.workchain == -1, isSystem { throw DestinationRefusal(.system) }
        guard asset == coin || address.workchain == 0 else {
            throw DestinationRefusal(.network, "jettons stay on workchain 0")
        }
        if configuration.jettons.contains(where: { $0.master == address }) { throw DestinationRefusal(.token) }
        if ownAccounts.contains(address) { throw DestinationRefusal(.own) }
        return address.raw
    }

    private func address(of destination: String) throws(DestinationRefusal) -> TONAddress {
        let text: AddressText
        do { text = try AddressText(destination) } catch { throw DestinationRefusal(.malformed, error.reason) }
        if text.isTestOnly == true, configuration.network == .mainnet {
            throw DestinationRefusal(.network, "it is marked for the test network")
        }
        return text.address
    }

    /// The wallets that pay out and pay for gathering, and their jetton wallets.
    private var ownAccounts: Set<TONAddress> {
        let wallets = [address, feeWallet.address]
        return Set(
            wallets
                + wallets.flatMap { wallet in configuration.jettons.compactMap { try? $0.wallet(of: wallet) } }
        )
    }
}
