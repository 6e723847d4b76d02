package import Payments
package import Providers
import Seams

/// For whose invoices it counts what a bot says of its users.
///
/// The law of payments holds for init data as well: what comes from a bot is about the merchants whom the bot serves. A bot
/// that takes money serves the merchants whom its providers are meant for, and what was opened at it before. A bot that
/// takes none has nothing opened at it, so that it serves whom the operator has named for it, and nobody otherwise: whoever
/// has its token can name any user, and whoever keeps its Mini App can repeat what users showed there.
package struct ServedMerchants: Sendable {
    /// Whom the operator has named for a bot that takes no money.
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
    ///   - providers: what the bots take money by.
    ///   - named: whom bots that take none serve, by the bots' numbers.
    ///   - number: the number of a bot that the gateway speaks for, by its key.
    package init(
        by providers: ProviderRegistry,
        named: [Int64: Set<Named>],
        number: @escaping @Sendable (_ bot: String) -> Int64?
    ) {
        self.providers = providers
        self.named = named
        self.number = number
    }

    /// Whether what a signer says counts for a merchant and for what is open at the options' providers.
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
