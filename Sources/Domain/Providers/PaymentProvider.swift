package import Money
package import Payments
package import Seams

/// Who or what moves money on one rail.
///
/// A provider says what it can do in ``capabilities`` and offers a port for each ability; business code asks for the
/// port and never for the rail's name. Whoever adds a provider runs the conformance suite against it.
package protocol PaymentProvider: Sendable {
    /// The provider's key in the registry and in the database, for example `ton-mainnet`; never reused.
    var key: String { get }
    /// The rail that it serves.
    var rail: Rail { get }
    /// The accounts whose money it looks after, each under a name that no other account of any rail has: what happens on one
    /// is booked by one provider, for ever.
    var accountNames: [String] { get }
    /// What it can do.
    var capabilities: ProviderCapabilities { get }

    /// Where its money is, which the key in the books stands for: the account of its wallet, the number of its bot; nil
    /// where there is nothing that could be another.
    ///
    /// The same key with another place is another provider: what is owed at the first one is not at the second.
    var place: String? { get }

    /// What customers call the network that they have to choose in their wallet; none where there is nothing to choose.
    var networkName: String? { get }

    /// Asks the rail whether it is the one that is configured.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/refused`` when it is another, with
    ///   ``ProviderError/Code/unavailable`` when it cannot be asked now, which is no reason not to start.
    func checkConfiguration() async throws(ProviderError)

    /// What an operator should look after before it becomes a problem, a sentence each: wallets that run dry, rent.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked now.
    func warnings() async throws(ProviderError) -> [String]

    /// Looks whether a way to pay could be opened, without asking the rail: settings, limits, the form of the amount.
    ///
    /// - Throws: ``ProviderError``, with the setting that is wrong when one is.
    func check(_ request: OpenRequest) throws(ProviderError)

    /// Opens a way to pay an invoice.
    ///
    /// - Throws: ``ProviderError``, also for all that ``check(_:)`` refuses; nothing that has to be undone is left behind
    ///   then.
    func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption

    /// What a customer may pay for an option beside its price.
    func terms(of option: PaymentOption) -> OptionTerms

    /// Takes what the rail pushes; none when the rail is only scanned.
    var push: (any PushReceiving)? { get }
    /// Reads what happened on the rail; none when the rail only pushes.
    var scan: (any TransferScanning)? { get }
    /// Sends money; none when money can only be returned elsewhere.
    var send: (any TransferSending)? { get }
    /// Sends many orders by one request; none when each goes alone.
    var batch: (any BatchSending)? { get }
    /// Tells what the rail says is there; none when the rail cannot be asked.
    var state: (any BalanceStating)? { get }
    /// Gathers what lies on the accounts of single options; none when they have none of their own.
    var gather: (any FundGathering)? { get }
    /// Checks proofs that somebody owns an account; none when the rail has none.
    var ownership: (any OwnershipProving)? { get }
    /// Keeps subscriptions; none when the rail has none.
    var subscriptions: (any SubscriptionKeeping)? { get }
    /// Sells pictures and videos in chats; none when the rail has no chats.
    var media: (any MediaSelling)? { get }
    /// Says what customers' own wallets have to sign; none when wallets cannot be asked.
    var customerWallets: (any WalletPaying)? { get }
}

extension PaymentProvider {
    /// Nothing could be another.
    package var place: String? { nil }

    /// On most rails there is no network to choose.
    package var networkName: String? { nil }

    /// Most rails are named by what they are asked with.
    package func checkConfiguration() async throws(ProviderError) {}

    /// Where nothing is against an amount, asking the rail tells.
    package func check(_ request: OpenRequest) throws(ProviderError) {}

    /// On most rails the price is all.
    package func terms(of option: PaymentOption) -> OptionTerms { .none }

    /// On most rails there is nothing to look after.
    package func warnings() async throws(ProviderError) -> [String] { [] }

    /// On most rails each order goes alone.
    package var batch: (any BatchSending)? { nil }

    /// On most rails everything comes to one account.
    package var gather: (any FundGathering)? { nil }

    /// On most rails each payment is made by the customer.
    package var subscriptions: (any SubscriptionKeeping)? { nil }

    /// On most rails there are no chats.
    package var media: (any MediaSelling)? { nil }

    /// On most rails wallets cannot be asked.
    package var customerWallets: (any WalletPaying)? { nil }

    /// On most rails nobody can prove what is theirs.
    package var ownership: (any OwnershipProving)? { nil }
}

/// What a provider can do, as data.
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
    /// The assets that it takes, in the order of preference.
    package let assets: [AssetID]
    /// Whether a customer can pay less than what is due.
    package let takesPartialPayments: Bool
    /// What can be returned.
    package let refunds: Refunds
    /// Whether it can send the merchant's money to an address.
    package let paysOut: Bool
    /// Whether what it moves has no value.
    package let isTestNetwork: Bool
    /// How long after the expiry a payment that was approved in time may still arrive.
    package let graceAfterExpiry: Duration
    /// What merchants can wish of it; nothing else is taken.
    package let settings: [RailSetting]

    /// A provider's abilities.
    package init(
        opening: Opening,
        assets: [AssetID],
        takesPartialPayments: Bool,
        refunds: Refunds,
        paysOut: Bool,
        isTestNetwork: Bool,
        graceAfterExpiry: Duration = .zero,
        settings: [RailSetting] = []
    ) {
        self.opening = opening
        self.assets = assets
        self.takesPartialPayments = takesPartialPayments
        self.refunds = refunds
        self.paysOut = paysOut
        self.isTestNetwork = isTestNetwork
        self.graceAfterExpiry = graceAfterExpiry
        self.settings = settings
    }
}

/// What has to be opened.
package struct OpenRequest: Sendable {
    /// The option's identifier, made before; it also makes the reference unique.
    package let option: PaymentOptionID
    /// The invoice that is paid.
    package let invoice: Invoice
    /// What the customer pays on this rail.
    package let due: Amount
    /// How the amount is split for the customer.
    ///
    /// The parts add up to ``due``. When there are none, the customer sees one line with the invoice's title.
    package let lines: [InvoiceLine]
    /// The rail's own wishes, for example tips or shipping for Telegram fiat, as text pairs that the provider knows.
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

/// A way to pay that is open.
package struct OpenedOption: Hashable, Sendable {
    /// What the customer needs.
    package let instruction: PaymentInstruction
    /// What a transfer carries that pays it.
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
