import Money
import Payments
import Providers
import Storage

extension Settlement {
    /// Refuses a destination where money would be lost or come back to ourselves, before anything is set aside.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/destinationRefused``, and what the database throws.
    /// - Returns: the receiving account, in the rail's one form.
    @discardableResult func check(
        destination: String,
        for asset: AssetID,
        at provider: any PaymentProvider,
        in session: any SQLSession
    ) throws -> String {
        guard let sender = provider.send else {
            throw SettlementError(.unsupported, "\(provider.key) sends nothing")
        }
        let account: String
        do { account = try sender.account(of: destination, for: asset) } catch { throw SettlementError(error) }
        // An address of an option is ours on every chain whose addresses come from the same seed.
        for other in providers.providers where try session.isWatched(account, provider: other.key) {
            throw SettlementError(DestinationRefusal(.own, "it was handed out to a customer"))
        }
        return account
    }

    /// Refuses a comment that a provider's transfers cannot carry, before anything is set aside.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidRequest`` and the field `comment`.
    func check(comment: String?, at provider: any PaymentProvider) throws(SettlementError) {
        let (count, limit) = (comment?.utf8.count ?? 0, provider.capabilities.commentLimit)
        guard count > limit else { return }
        let sentence =
            limit == 0
            ? "payouts by \(provider.key) carry no comment; leave it out"
            : "a comment has at most \(limit) bytes of UTF-8 here, and this one has \(count)"
        throw SettlementError(.invalidRequest, sentence, parameter: "comment")
    }
}

extension SettlementError {
    fileprivate init(_ refusal: DestinationRefusal) {
        self.init(.destinationRefused, refusal.reason, parameter: "destination")
    }
}
