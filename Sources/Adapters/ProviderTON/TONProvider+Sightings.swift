import Money
import Payments
import Providers
import Seams
import TON

/// Payments that are in a block which the masterchain has not taken yet: they are shown, and not booked.
extension TONProvider {
    /// The confirmations of a chain transaction in a block of its shard, and with the masterchain's.
    private static let (confirmed, final) = (1, 2)

    /// The payment that a chain transaction would be, once it is final; nil when it would be none.
    ///
    /// The scan decides by more: this errs on the side of showing nothing.
    func sighting(of seen: SeenTransaction, on account: ScannedAccount) -> Sighting? {
        guard !seen.isBounced else { return nil }
        let (part, units, payer, comment): (String, UInt128, TONAddress?, [UInt8]?)
        let body = MessageBody(reading: seen.body)
        if account.asset == coin {
            guard !seen.hasSent else { return nil }
            switch body {
            case .empty: comment = nil
            case .comment(let bytes) where bytes != TransferReading.topUp: comment = bytes
            default: return nil
            }
            (part, units, payer) = (TransferReading.coinPart, seen.value, seen.source)
        } else {
            guard !seen.isAborted, seen.didExecute, case .jettonInternalTransfer(let credit) = body else { return nil }
            comment =
                if case .comment(let bytes) = MessageBody(reading: credit.forwardPayload) { bytes } else { nil }
            (part, units, payer) = (TransferReading.jettonPart, credit.amount, credit.from)
        }
        let isDerived = account.owner != address && account.owner != feeWallet.address
        let reference =
            isDerived
            ? TransferReading.reference(to: account.owner)
            : comment.flatMap { TypedComment($0) }.map {
                TransferReading.reference(comment: $0.text, to: account.owner)
            }
        guard let reference, units > 0, payer != address, payer != feeWallet.address else { return nil }
        let moment = Timestamp(seconds: Int64(seen.now))
        let place = ChainPlace(lt: seen.lt, hash: seen.hash)
        return Sighting(
            transfer: IncomingTransfer(
                naturalKey: TransferReading.key(configuration.network, seen.account, place, part),
                reference: reference,
                amount: Amount(asset: account.asset, units: Int256(units)),
                payer: payer?.raw,
                refundTarget: nil,
                evidence: "{}",
                occurredAt: moment,
                availableAt: moment
            ),
            confirmations: Self.confirmed,
            required: Self.final
        )
    }
}
