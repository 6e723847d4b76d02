package import Money
package import Payments
package import Seams

/// Sends money, so that a crash between any two steps neither loses nor doubles it.
package protocol TransferSending: Sendable {
    /// The wallet that numbers transfers in turn; nil when the rail takes them in any order.
    var lane: Lane? { get }

    /// The account that a destination names, in the rail's canonical form.
    ///
    /// It is computed without the network, and before anybody approves a transfer.
    ///
    /// - Throws: ``DestinationRefusal`` when the asset must never be sent there.
    func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String

    /// The network's fee for an order at the last known prices, without asking the network; nil when the fee is
    /// unknown, or there is none.
    func expectedFee(of order: TransferOrder) -> Amount?

    /// The network's fee for a signed transfer; nil when the fee is unknown, or there is none.
    func expectedFee(of prepared: PreparedTransfer) -> Amount?

    /// The most of the rail's coin that the network can charge for a signed transfer, or hold until its fate is known;
    /// nil where it charges nothing.
    func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount?

    /// The wallets whose keys sign here, the one that pays others first; empty on a rail that numbers nothing.
    var wallets: [String] { get }

    /// Reads on the chain which numbers a wallet has used.
    ///
    /// - Parameters:
    ///   - wallet: one of ``wallets``; nil for the one that pays others.
    ///   - position: the scan cursor of the rail's account, for rails that identify orders by name.
    /// - Throws: ``ProviderError`` when the chain cannot be reached.
    /// - Returns: the wallet as its chain shows it.
    func readWallet(_ wallet: String?, scannedTo position: String?) async throws(ProviderError) -> WalletReading

    /// How an order appears on the chain, so that it can be found among sent payments; nil when the rail cannot show
    /// it.
    func appearance(of order: TransferOrder) -> SentPayment?

    /// Whether an observed transfer is the prepared one, when both have the same hash.
    func made(_ sent: SentTransfer, by prepared: PreparedTransfer) -> Bool

    /// Signs an order. Nothing leaves the process.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/refused`` when it can never be sent.
    func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer

    /// Sends a prepared and stored transfer; sending it again has no second effect.
    func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome

    /// A replacement for a prepared transfer that has waited for too long; nil when there is nothing better.
    ///
    /// The replacement is stored before it is sent. The order never takes effect twice.
    ///
    /// - Throws: ``ProviderError``.
    func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer?

    /// Whether a prepared transfer has waited so long that ``renewed(_:for:under:)`` may replace it.
    func renews(_ prepared: PreparedTransfer) -> Bool

    /// Whether the rail reports a prepared transfer as done, on a rail that identifies orders by name.
    ///
    /// A transfer that is done is not sent again.
    func isDone(_ prepared: PreparedTransfer, under permit: SigningPermit) -> Bool

    /// Asks the rail for a transfer's fate.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be reached; the transfer's fate is then still unknown.
    func fate(of prepared: PreparedTransfer, for order: TransferOrder) async throws(ProviderError) -> TransferFate

    /// How soon a look at the wallet may show something new.
    var pace: Duration { get }

    /// Looks once, with few requests, at the wallet that numbers transfers in turn, for all of them that are under way.
    ///
    /// - Parameter unseen: transfers of which it wants to know whether a block has them, where their numbers are taken.
    /// - Throws: ``ProviderError`` when the rail cannot be reached.
    /// - Returns: what was seen; nil where there is no such wallet.
    func look(forUnseen unseen: [PreparedTransfer]) async throws(ProviderError) -> LaneView?
}

extension TransferSending {
    /// Many rails charge nothing.
    package func expectedFee(of order: TransferOrder) -> Amount? { nil }

    /// Many rails charge nothing, or the fee that was expected for the order.
    package func expectedFee(of prepared: PreparedTransfer) -> Amount? { nil }

    /// Many rails charge nothing.
    package func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount? { nil }

    /// On most rails a prepared transfer is never replaced.
    package func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer? { nil }

    /// On most rails a prepared transfer is never replaced.
    package func renews(_ prepared: PreparedTransfer) -> Bool { false }

    /// Most rails number transfers.
    package func isDone(_ prepared: PreparedTransfer, under permit: SigningPermit) -> Bool { false }

    /// On some rails a sent payment cannot be recognised.
    package func appearance(of order: TransferOrder) -> SentPayment? { nil }

    /// On most rails a second is soon enough.
    package var pace: Duration { .seconds(1) }

    /// Many rails number nothing.
    package func look(forUnseen unseen: [PreparedTransfer]) async throws(ProviderError) -> LaneView? { nil }

    /// On most rails the hash is computed from the signed bytes.
    package func made(_ sent: SentTransfer, by prepared: PreparedTransfer) -> Bool { true }
}

/// A wallet that takes its numbers in turn, so that few of them may wait at once.
package struct Lane: Hashable, Sendable {
    /// A name that no other wallet of any rail has.
    package let name: String
    /// The most numbers that may be signed and not be taken yet, not even by a block that may be discarded.
    package let limit: Int

    /// A wallet that takes its numbers in turn.
    package init(_ name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }
}

/// A signed transfer whose fate is not decided.
package struct TransferUnderWay: Hashable, Sendable {
    /// What it carries out.
    package let order: TransferOrder
    /// Its signed bytes.
    package let prepared: PreparedTransfer

    /// A signed transfer whose fate is not decided.
    package init(order: TransferOrder, prepared: PreparedTransfer) {
        self.order = order
        self.prepared = prepared
    }
}

/// Money that has to be sent.
package struct TransferOrder: Hashable, Sendable {
    /// Our identifier of the order, which the rail carries where it can.
    package let id: String
    /// The amount to send.
    package let amount: Amount
    /// Where it goes, in the rail's own words.
    package let destination: String
    /// The comment for the receiver.
    package let comment: String?

    /// An order to send money.
    package init(id: String, amount: Amount, destination: String, comment: String?) {
        self.id = id
        self.amount = amount
        self.destination = destination
        self.comment = comment
    }
}

/// The rail's answer when it was given a transfer.
package enum SubmissionOutcome: Hashable, Sendable {
    /// The rail accepted it; that does not prove that it will happen.
    case accepted
    /// The rail states that the money has moved.
    case done
    /// It will not happen, and nothing was moved.
    case rejected(reason: String)
    /// The outcome is unknown.
    case unknown(reason: String)
    /// The outcome is unknown, and every node refuses the signed bytes themselves, so that sending them again does not
    /// help; the reason is in our own words.
    case unsendable(reason: String)
}

/// The fate of a transfer.
///
/// A decided fate carries the moment of the rail's history that decided it, by the rail's clock. When the history is
/// revised from before that moment, the transfer is looked for again.
package enum TransferFate: Hashable, Sendable {
    /// It may still happen.
    case pending
    /// It has happened, and can no longer be undone; `fee` is what the network charged us, where it did.
    case confirmed(evidence: String, fee: Amount?, at: Timestamp)
    /// It has left, has not arrived and cannot come back: a contract on its way has kept or destroyed it.
    case lost(reason: String, fee: Amount?, at: Timestamp)
    /// It can no longer happen; `fee` was charged nevertheless.
    case dead(reason: String, fee: Amount?, at: Timestamp)
    /// It can no longer happen, because something else has used its number.
    case displaced(reason: String, at: Timestamp)
}
