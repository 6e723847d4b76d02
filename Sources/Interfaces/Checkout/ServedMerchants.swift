package import Payments
package import Providers
import Seams

/// The merchants for whose invoices init data of a bot counts.
///
/// Init data follows the same rule as payments: it counts only for the merchants that its bot serves. A bot that takes
/// money serves the merchants of its providers, and the invoices that were opened at them. A bot that takes no money
/// serves only the merchants that the operator names for it: anybody with its token can name any user, and anybody who
/// runs its Mini App can repeat what users showed there.
package struct ServedMerchants: Sendable {
    /// A merchant that the operator names for a bot that takes no money.
    package enum Named: Hashable, Sendable {
        /// One merchant.
        case merchant(MerchantID)
        /// All merchants who have no bot of their own.
        case all
    }

    private let providers: ProviderRegistry
    private let named: [Int64: Set<Named>]
    private let number: @Sendable (_ bot: String) -> Int64?

    /// The merchants whom bots serve.
    ///
    /// - Parameters:
    ///   - providers: the providers by which bots take money.
    ///   - named: the merchants of bots that take no money, by the bots' numbers.
    ///   - number: the number of one of the gateway's own bots, by its key.
    package init(
        by providers: ProviderRegistry,
        named: [Int64: Set<Named>],
        number: @escaping @Sendable (_ bot: String) -> Int64?
    ) {
        self.providers = providers
        self.named = named
        self.number = number
    }

    /// Whether init data of a signer counts for a merchant, or for what is open at the options' providers.
    package func include(
        _ merchant: MerchantID,
        at options: [PaymentOption],
        of signer: CheckoutTrust.Signer
    ) -> Bool {
        switch signer {
        case .thirdParty(let number): return isNamed(merchant, for: number)
        case .bot(let key):
            let source = "telegram:\(key)"
            if providers.speaks(source, for: merchant) { return true }
            if options.contains(where: { providers.provider($0.provider)?.push?.source == source }) {
                return true
            }
            guard !providers.bringsProvider(source), let number = self.number(key) else { return false }
            return isNamed(merchant, for: number)
        }
    }

    private func isNamed(_ merchant: MerchantID, for bot: Int64) -> Bool {
        let named = named[bot] ?? []
        return named.contains(.merchant(merchant)) || (named.contains(.all) && !providers.hasOwnSource(merchant))
    }
}
