import Money
import Payments
import Providers
import Storage

extension Settlement {
    /// Refuses a destination where money would be lost or come back to ourselves, before anything is set aside.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/destinationRefused``, and what the database throws.
    func check(
        destination: String,
        for asset: AssetID,
        at provider: any PaymentProvider,
        in session: any SQLSession
    ) throws {
        guard let sender = provider.send else {
            throw SettlementError(.unsupported, "\(provider.key) sends nothing")
        }
        let account: String
        do { account = try sender.account(of: destination, for: asset) } catch { throw SettlementError(error) }
        // An address of an option is ours on every chain whose addresses come from the same seed.
        for other in providers.providers where try session.isWatched(account, provider: other.key) {
            throw SettlementError(DestinationRefusal(.own, "it was handed out to a customer"))
        }
    }
}

extension SettlementError {
    fileprivate init(_ refusal: DestinationRefusal) {
        self.init(.destinationRefused, refusal.reason, parameter: "destination")
    }
}
