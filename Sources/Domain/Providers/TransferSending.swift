package import Money
package import Payments
package import Seams

/// Sends money, so that a crash between any two steps neither loses nor doubles it.
package protocol TransferSending: Sendable {
    /// The lane of an order: orders of one lane are sent one after the other, because the rail numbers them; none when
    /// the rail does not.
    func lane(of order: TransferOrder) -> String?

    /// The account that a destination names, in the rail's canonical form; asked before anybody approves a transfer, and
    /// without the network.
    ///
    /// - Throws: ``DestinationRefusal`` when an asset is never sent there.
    func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String

    /// What the network would charge for an order by the prices that were seen last, without asking it; none when that is
    /// not known, or it charges nothing.
    func expectedFee(of order: TransferOrder) -> Amount?

    /// What the network would charge for what was signed; nil where it charges nothing, or nobody knows.
    func expectedFee(of prepared: PreparedTransfer) -> Amount?

    /// The most that the network can charge for what was signed, or hold of the rail's coin until its fate is known; nil
    /// where it charges nothing.
    func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount?

    /// The wallets whose keys sign here, the one that pays others first; none on a rail that numbers nothing.
    var wallets: [String] { get }

    /// Reads on the chain which numbers a wallet has used.
    ///
    /// - Parameters:
    ///   - wallet: one of ``wallets``; nil: the one that pays others.
    ///   - position: where the scan of the rail's account stands, for rails that know orders by name.
    /// - Throws: ``ProviderError`` when the chain cannot be asked now.
    /// - Returns: the wallet as its chain shows it.
    func readWallet(_ wallet: String?, scannedTo position: String?) async throws(ProviderError) -> WalletReading

    /// What an order looks like on the chain, so that it can be found among what has left; nil when the rail cannot say.
    func appearance(of order: TransferOrder) -> SentPayment?

    /// Whether what was seen to leave is what was signed for a transfer that the rail knows by the same hash.
    func made(_ sent: SentTransfer, by prepared: PreparedTransfer) -> Bool

    /// Signs an order. Nothing leaves the process.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/refused`` when it can never be sent.
    func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer

    /// Sends what was prepared and stored; sending it again has no second effect.
    func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome

    /// Another way for the same order to take effect, when what was prepared waits for too long: it is stored before it
    /// is sent, and never makes the order take effect twice. None when there is nothing better.
    ///
    /// - Throws: ``ProviderError``.
    func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer?

    /// Whether what was prepared has waited for so long that ``renewed(_:for:under:)`` may have something better.
    func renews(_ prepared: PreparedTransfer) -> Bool

    /// Whether what the rail says it has carried out names what was prepared, on a rail that knows orders by name; it is
    /// not sent again then.
    func isDone(_ prepared: PreparedTransfer, under permit: SigningPermit) -> Bool

    /// Asks the rail what became of it.
    ///
    /// - Throws: ``ProviderError`` when the rail cannot be asked now, which says nothing about the transfer.
    func fate(of prepared: PreparedTransfer, for order: TransferOrder) async throws(ProviderError) -> TransferFate
}

extension TransferSending {
    /// Many rails charge nothing.
    package func expectedFee(of order: TransferOrder) -> Amount? { nil }

    /// Many rails charge nothing, or what was expected of the order.
    package func expectedFee(of prepared: PreparedTransfer) -> Amount? { nil }

    /// Many rails charge nothing.
    package func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount? { nil }

    /// On most rails what was prepared needs no help.
    package func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer? { nil }

    /// On most rails what was prepared needs no help.
    package func renews(_ prepared: PreparedTransfer) -> Bool { false }

    /// Most rails number what is sent.
    package func isDone(_ prepared: PreparedTransfer, under permit: SigningPermit) -> Bool { false }

    /// On some rails nothing that left says whose it is.
    package func appearance(of order: TransferOrder) -> SentPayment? { nil }

    /// On most rails the hash is that of the signed bytes.
    package func made(_ sent: SentTransfer, by prepared: PreparedTransfer) -> Bool { true }
}

/// Money that has to be sent.
package struct TransferOrder: Hashable, Sendable {
    /// Our identifier of it, which the rail carries where it can.
    package let id: String
    /// What is sent.
    package let amount: Amount
    /// Where it goes, in the rail's own words.
    package let destination: String
    /// What the receiver reads.
    package let comment: String?

    /// An order to send money.
    package init(id: String, amount: Amount, destination: String, comment: String?) {
        self.id = id
        self.amount = amount
        self.destination = destination
        self.comment = comment
    }
}

/// What a rail said when it was given a transfer.
package enum SubmissionOutcome: Hashable, Sendable {
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
///
/// A fate that is decided carries the moment of the rail's history that decided it, by the rail's own clock: when the
/// history is revised from before that moment, the transfer is looked for again.
package enum TransferFate: Hashable, Sendable {
    /// It may still happen.
    case pending
    /// It has happened, and can no longer be undone; `fee` is what the network charged us, where it did.
    case confirmed(evidence: String, fee: Amount?, at: Timestamp)
    /// It has left, and neither arrived nor can it come back: a contract on its way has kept or destroyed it.
    case lost(reason: String, fee: Amount?, at: Timestamp)
    /// It can no longer happen. `fee` was charged all the same.
    case dead(reason: String, fee: Amount?, at: Timestamp)
    /// It can no longer happen, because something else has used its number.
    case displaced(reason: String, at: Timestamp)
}
