public import Money
public import Payments
public import Seams

/// Takes what a rail pushes to us.
public protocol PushReceiving: Sendable {
    /// The inbox that the rail's messages are kept in, for example `telegram:shop`; providers of one bot share it, and
    /// each reads only what concerns it.
    var source: String { get }

    /// Reads one pushed message.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/malformed`` when it cannot be read; it stays in the inbox
    ///   for a person then.
    func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage]

    /// Tells the rail what was decided about a pushed question.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/tooLate`` when the rail no longer waits.
    func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError)
}

/// What a pushed message means.
public enum PushedMessage: Hashable, Sendable {
    /// The rail asks whether the customer may pay; it waits only seconds.
    case question(ApprovalRequest)
    /// Something happened.
    case observation(Observation)
    /// Nothing that concerns money.
    case nothing
}

/// A question of the rail before it takes the customer's money.
public struct ApprovalRequest: Hashable, Sendable {
    /// What is asked.
    public enum Topic: Hashable, Sendable {
        /// May this payment be taken (`pre_checkout_query`)?
        case payment(amount: Amount)
        /// Which ways of shipping are there to this address (`shipping_query`)? The address is JSON text.
        case shipping(address: String)
    }

    /// The rail's own identifier of the question.
    public let id: String
    /// What would be paid.
    public let reference: PaymentReference
    /// Who would pay, in the rail's own words.
    public let payer: String
    /// What is asked.
    public let topic: Topic
    /// Whether the amount may be more than what is due, because the customer added a tip or chose a way of shipping.
    public let allowsExtras: Bool

    /// A question of the rail.
    public init(id: String, reference: PaymentReference, payer: String, topic: Topic, allowsExtras: Bool = false) {
        self.id = id
        self.allowsExtras = allowsExtras
        self.reference = reference
        self.payer = payer
        self.topic = topic
    }
}

/// What was decided about an ``ApprovalRequest``.
public enum ApprovalDecision: Hashable, Sendable {
    /// The payment may be taken.
    case approved
    /// These ways of shipping are offered.
    case shipping([ShippingOption])
    /// No, with a sentence that the customer reads.
    case refused(message: String)
}

/// One way of shipping.
public struct ShippingOption: Hashable, Sendable {
    /// The merchant's key for it.
    public let id: String
    /// What the customer reads.
    public let title: String
    /// What it costs.
    public let price: Amount

    /// A way of shipping.
    public init(id: String, title: String, price: Amount) {
        self.id = id
        self.title = title
        self.price = price
    }
}

/// Reads what happened on a rail, without a gap: account by account, or all accounts at once where the rail is read in
/// blocks.
public protocol TransferScanning: Sendable {
    /// The accounts that are always scanned; those of single options come from ``OpenedOption/accounts``.
    var standingAccounts: [ScanAccount] { get async throws(ProviderError) }

    /// Whether the accounts of single options are scanned one by one; when not, the standing ones cover them, and the
    /// provider asks which are watched.
    var scansAccountsOfOptions: Bool { get }

    /// What happened on an account after a position, oldest first.
    ///
    /// The position is the last page's, and none at the very start.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/gap`` when the account's history does not join up, so
    ///   that the cursor has to stay where it is.
    func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage

    /// Which of some recorded payments are no longer part of the rail's history; asked when a page says that history
    /// was revised.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked, so that nothing is undone by mistake.
    func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey]

    /// Money that came to accounts of options without a trace that is scanned, found by their balances as they were where
    /// the scan stands.
    ///
    /// Asked only about accounts of which nothing was recorded, so that whatever they hold was not seen.
    /// - Throws: ``ProviderError``.
    func untraced(on accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [IncomingTransfer]
}

extension TransferScanning {
    /// Most rails keep a history for each account.
    public var scansAccountsOfOptions: Bool { true }

    /// On most rails everything leaves a trace.
    public func untraced(
        on accounts: [ScanAccount],
        at position: String
    ) async throws(ProviderError) -> [IncomingTransfer] { [] }

    /// Most rails never take anything back.
    public func vanished(among payments: [Payment]) async throws(ProviderError) -> [NaturalKey] { [] }
}

/// Knows which accounts belong to options, on rails that are read as a whole.
public protocol AccountWatching: Sendable {
    /// Those of `accounts` that were handed out to customers, at the latest when this is called.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/unavailable`` when it cannot be known now.
    func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String>
}

/// An account on a rail that is scanned.
public struct ScanAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    public let account: String
    /// What of the account is looked at, for example `coin`, or a jetton's asset identifier.
    public let subject: String

    /// An account to scan.
    public init(account: String, subject: String) {
        self.account = account
        self.subject = subject
    }
}

/// A piece of an account's history.
public struct ScanPage: Hashable, Sendable {
    /// What happened, oldest first.
    public var observations: [Observation]
    /// Where the next page starts; equal to the given position when nothing happened.
    public var position: String?
    /// Whether there is more already.
    public var hasMore: Bool
    /// Until when, by the rail's clock, the account's history is complete with this page.
    public var completeUntil: Timestamp?
    /// Everything that was seen after the page and can still be undone; none when the page does not say.
    public var sightings: [Sighting]?
    /// From when on the rail's history is another than the one that was recorded; none when it only grew.
    public var revisedSince: Timestamp?

    /// A piece of an account's history.
    public init(observations: [Observation], position: String?, hasMore: Bool, completeUntil: Timestamp?) {
        self.observations = observations
        self.position = position
        self.hasMore = hasMore
        self.completeUntil = completeUntil
    }
}

/// Sends money, so that a crash between any two steps neither loses nor doubles it.
public protocol TransferSending: Sendable {
    /// The lane of an order: orders of one lane are sent one after the other, because the rail numbers them; none when
    /// the rail does not.
    func lane(of order: TransferOrder) -> String?

    /// Signs an order. Nothing leaves the process.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/refused`` when it can never be sent.
    func prepare(_ order: TransferOrder) async throws(ProviderError) -> PreparedTransfer

    /// Sends what was prepared and stored; sending it again has no second effect.
    func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome

    /// Another way for the same order to take effect, when what was prepared waits for too long: it is stored before it
    /// is sent, and never makes the order take effect twice. None when there is nothing better.
    ///
    /// - Throws: ``ProviderError``.
    func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> PreparedTransfer?

    /// Asks the rail what became of it.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked now, which says nothing about the transfer.
    func fate(of prepared: PreparedTransfer, for order: TransferOrder) async throws(ProviderError) -> TransferFate
}

extension TransferSending {
    /// On most rails what was prepared needs no help.
    public func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> PreparedTransfer? { nil }
}

/// Money that has to be sent.
public struct TransferOrder: Hashable, Sendable {
    /// Our identifier of it, which the rail carries where it can.
    public let id: String
    /// What is sent.
    public let amount: Amount
    /// Where it goes, in the rail's own words.
    public let destination: String
    /// What the receiver reads.
    public let comment: String?

    /// An order to send money.
    public init(id: String, amount: Amount, destination: String, comment: String?) {
        self.id = id
        self.amount = amount
        self.destination = destination
        self.comment = comment
    }
}

/// What a rail said when it was given a transfer.
public enum SubmissionOutcome: Hashable, Sendable {
    /// It took it; that is no proof that it will happen.
    case accepted
    /// It is done: the rail itself says that the money has moved.
    case done
    /// It will not happen, and nothing was moved.
    case rejected(reason: String)
    /// Nobody knows.
    case unknown(reason: String)
}

/// What became of a transfer.
public enum TransferFate: Hashable, Sendable {
    /// It may still happen.
    case pending
    /// It has happened, and can no longer be undone; `fee` is what the network charged us, where it did.
    case confirmed(evidence: String, fee: Amount?, at: Timestamp)
    /// It can no longer happen. `fee` was charged all the same.
    case dead(reason: String, fee: Amount?)
}

/// Checks that somebody owns an account on the rail, so that a customer can claim what came without a reference.
public protocol OwnershipProving: Sendable {
    /// Who made a proof, in the words in which payers are kept.
    ///
    /// - Parameters:
    ///   - proof: the rail's own proof, as JSON text of an object.
    ///   - challenge: what was given out to be signed.
    ///   - domain: our own domain, which the customer's wallet has shown.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/refused`` when the proof does not hold.
    func owner(proving proof: String, challenge: String, domain: String) throws(ProviderError) -> String
}

/// Gathers on the account that pays out what customers have paid to accounts of single options.
///
/// It moves money between accounts that are all ours, so that doing it twice has no second effect; what the rail charges
/// for it is observed like everything else.
public protocol FundGathering: Sendable {
    /// Takes the next step with some accounts.
    ///
    /// - Throws: ``ProviderError`` when nothing can be done now.
    func gather(_ accounts: [HoldingAccount]) async throws(ProviderError) -> GatheringOutcome
}

/// An account of an option that may hold money.
public struct HoldingAccount: Hashable, Sendable {
    /// The account in the rail's canonical form.
    public let account: String
    /// The option that it was opened for, from which its key is derived.
    public let option: PaymentOptionID

    /// An account that may hold money.
    public init(account: String, option: PaymentOptionID) {
        self.account = account
        self.option = option
    }
}

/// How far gathering came.
public struct GatheringOutcome: Hashable, Sendable {
    /// The accounts that hold nothing any more that is worth its fee.
    public var empty: [HoldingAccount]
    /// How many transfers were sent.
    public var sent: Int
    /// What could not be done, for a person.
    public var problems: [String]

    /// How far gathering came.
    public init(empty: [HoldingAccount] = [], sent: Int = 0, problems: [String] = []) {
        self.empty = empty
        self.sent = sent
        self.problems = problems
    }
}

/// Tells what the rail says is there.
public protocol BalanceStating: Sendable {
    /// The rail's own view of the balances of our accounts: the given ones of single options, and the standing ones.
    func balances(of accounts: [ScanAccount]) async throws(ProviderError) -> ProviderStatement
}

/// What a rail says is there.
public struct ProviderStatement: Hashable, Sendable {
    /// The total in each asset.
    public let balances: [Amount]
    /// When, by the rail's clock.
    public let asOf: Timestamp
    /// Where the figures come from, for a person.
    public let source: String

    /// A rail's own view.
    public init(balances: [Amount], asOf: Timestamp, source: String) {
        self.balances = balances
        self.asOf = asOf
        self.source = source
    }
}
