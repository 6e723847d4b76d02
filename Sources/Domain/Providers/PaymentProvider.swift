package import Money
package import Payments
package import Seams

/// Moves money on one rail.
///
/// A provider states its abilities in ``capabilities`` and offers a port for each of them. Business code asks for the
/// port and never for the rail's name. Every provider has to pass the conformance suite.
package protocol PaymentProvider: Sendable {
    /// The provider's key in the registry and in the database, for example `ton-mainnet`; never reused.
    var key: String { get }
    /// The rail that it serves.
    var rail: Rail { get }
    /// The accounts that it manages, each under a name that is unique among all rails.
    ///
    /// Only one provider ever books what happens on an account.
    var accountNames: [String] { get }
    /// Its abilities.
    var capabilities: ProviderCapabilities { get }

    /// The place of its money: the account of its wallet, or the number of its bot; nil where there can be only one.
    ///
    /// In the books, a key stands for one place. The same key with another place is another provider, and money owed at
    /// the first is not at the second.
    var place: String? { get }

    /// The name of the network that customers have to choose in their wallet; nil where there is no choice.
    var networkName: String? { get }

    /// Checks that the rail is the configured one.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/refused`` when it is another, with
    ///   ``ProviderError/Code/unavailable`` when it cannot be reached. The gateway may start in the second case.
    func checkConfiguration() async throws(ProviderError)

    /// Warnings for the operator, a sentence each: wallets that run dry or cannot pay their rent.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be reached.
    func warnings() async throws(ProviderError) -> [String]

    /// Checks whether an option could be opened, without asking the rail: settings, limits, the form of the amount.
    ///
    /// - Throws: ``ProviderError``, which names the wrong setting, if any.
    func check(_ request: OpenRequest) throws(ProviderError)

    /// Opens an option to pay an invoice.
    ///
    /// - Throws: ``ProviderError``, also for everything that ``check(_:)`` refuses; nothing has to be undone then.
    func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption

    /// The amounts that a customer may pay for an option in addition to its price.
    func terms(of option: PaymentOption) -> OptionTerms

    /// Receives the messages that the rail pushes; nil when the rail is only scanned.
    var push: (any PushReceiving)? { get }
    /// Scans the rail's history; nil when the rail only pushes.
    var scan: (any TransferScanning)? { get }
    /// Hears at once that accounts have moved; nil when only the scan finds it.
    var listen: (any AccountListening)? { get }
    /// Sends money; nil when money can only be returned elsewhere.
    var send: (any TransferSending)? { get }
    /// Sends many orders in one request; nil when each is sent alone.
    var batch: (any BatchSending)? { get }
    /// States the balances as the rail reports them; nil when the rail reports none.
    var state: (any BalanceStating)? { get }
    /// Gathers the money on the accounts of single options; nil when options have no accounts of their own.
    var gather: (any FundGathering)? { get }
    /// Checks proofs of account ownership; nil when the rail has none.
    var ownership: (any OwnershipProving)? { get }
    /// Manages subscriptions; nil when the rail has none.
    var subscriptions: (any SubscriptionKeeping)? { get }
    /// Sells pictures and videos in chats; nil when the rail has no chats.
    var media: (any MediaSelling)? { get }
    /// Prepares the messages that customers' own wallets sign; nil when wallets cannot be asked to pay.
    var customerWallets: (any WalletPaying)? { get }
}

extension PaymentProvider {
    /// On some rails there can be only one place.
    package var place: String? { nil }

    /// On most rails there is no network to choose.
    package var networkName: String? { nil }

    /// On most rails the credentials already identify the rail.
    package func checkConfiguration() async throws(ProviderError) {}

    /// Some rails check a request only when it is opened.
    package func check(_ request: OpenRequest) throws(ProviderError) {}

    /// On most rails the customer pays the price alone.
    package func terms(of option: PaymentOption) -> OptionTerms { .none }

    /// On most rails there is nothing to warn of.
    package func warnings() async throws(ProviderError) -> [String] { [] }

    /// On most rails the scan alone finds what has happened.
    package var listen: (any AccountListening)? { nil }

    /// On most rails each order is sent alone.
    package var batch: (any BatchSending)? { nil }

    /// On most rails all payments arrive on one account.
    package var gather: (any FundGathering)? { nil }

    /// On most rails each payment is made by the customer.
    package var subscriptions: (any SubscriptionKeeping)? { nil }

    /// On most rails there are no chats.
    package var media: (any MediaSelling)? { nil }

    /// On most rails wallets cannot be asked to pay.
    package var customerWallets: (any WalletPaying)? { nil }

    /// On most rails account ownership cannot be proven.
    package var ownership: (any OwnershipProving)? { nil }
}

/// The abilities of a provider, as data.
package struct ProviderCapabilities: Hashable, Sendable {
    /// How much of a payment can be returned through the provider.
    package enum Refunds: String, Hashable, Sendable {
        /// Only elsewhere, for example at the card processor.
        case elsewhere
        /// Only the whole payment.
        case full
        /// Any part, several times.
        case partial
    }

    /// How the customer pays.
    package enum Opening: String, Hashable, Sendable {
        case invoiceLink = "invoice_link"
        case depositInstruction = "deposit_instruction"
    }

    /// How the customer pays.
    package let opening: Opening
    /// The assets that it accepts, in the order of preference.
    package let assets: [AssetID]
    /// Whether a customer can pay less than what is due.
    package let takesPartialPayments: Bool
    /// How much of a payment can be returned.
    package let refunds: Refunds
    /// Whether it can send the merchant's money to an address.
    package let paysOut: Bool
    /// Whether the assets have no value.
    package let isTestNetwork: Bool
    /// How long after the expiry a payment that was approved in time may still arrive.
    package let graceAfterExpiry: Duration
    /// The settings that merchants can choose; others are refused.
    package let settings: [RailSetting]
    /// The most bytes of UTF-8 that the comment of a payout may have; zero where the rail carries no comments.
    package let commentLimit: Int

    /// A provider's abilities.
    package init(
        opening: Opening,
        assets: [AssetID],
        takesPartialPayments: Bool,
        refunds: Refunds,
        paysOut: Bool,
        isTestNetwork: Bool,
        graceAfterExpiry: Duration = .zero,
        settings: [RailSetting] = [],
        commentLimit: Int = 0
    ) {
        self.opening = opening
        self.assets = assets
        self.takesPartialPayments = takesPartialPayments
        self.refunds = refunds
        self.paysOut = paysOut
        self.isTestNetwork = isTestNetwork
        self.graceAfterExpiry = graceAfterExpiry
        self.settings = settings
        self.commentLimit = commentLimit
    }
}

/// A request to open an option of an invoice.
package struct OpenRequest: Sendable {
    /// The option's identifier, drawn beforehand; it also makes the reference unique.
    package let option: PaymentOptionID
    /// The invoice that is paid.
    package let invoice: Invoice
    /// The amount that the customer pays on this rail.
    package let due: Amount
    /// How the amount is split for the customer.
    ///
    /// The parts add up to ``due``. When there are none, the customer sees one line with the invoice's title.
    package let lines: [InvoiceLine]
    /// The rail's own settings, for example tips or shipping for Telegram fiat, as pairs of texts that the provider
    /// defines.
    package let settings: Labels

    /// A request to open an option.
    package init(
        option: PaymentOptionID,
        invoice: Invoice,
        due: Amount,
        lines: [InvoiceLine] = [],
        settings: Labels = [:]
    ) {
        self.option = option
        self.invoice = invoice
        self.due = due
        self.lines = lines
        self.settings = settings
    }
}

/// An option that is open.
package struct OpenedOption: Hashable, Sendable {
    /// The payment instruction for the customer.
    package let instruction: PaymentInstruction
    /// The reference that a transfer for it carries.
    package let reference: PaymentReference
    /// The accounts that have to be scanned for it, until the invoice is no longer monitored.
    package let accounts: [ScanAccount]

    /// An opened option.
    package init(instruction: PaymentInstruction, reference: PaymentReference, accounts: [ScanAccount] = []) {
        self.instruction = instruction
        self.reference = reference
        self.accounts = accounts
    }
}
