package import Ledger
package import Money
package import Payments
import Settlement
import Storage
package import StrictJSON

/// What a merchant got of a payment, as the books have it: the sum of the payment's own changes of the balance.
///
/// Refunds and payouts are changes of their own, and no part of it.
package struct PaymentProceeds: Hashable, Sendable {
    /// The change of the merchant's balance; zero when it was credited and taken back.
    package private(set) var net: Amount
    /// The gateway's fee on it.
    package private(set) var fee: Amount

    /// What ledger transactions about one payment changed on a merchant's balance; nil when none of them changed it.
    ///
    /// - Throws: `MoneyError` when a sum does not fit an amount, or the balance was changed in several assets.
    package init?(_ booked: [LedgerTransaction], for merchant: MerchantID) throws(MoneyError) {
        var sums: Self?
        for one in booked {
            let own = one.postings.filter { $0.account == .merchantBalance(merchant) }
            guard let asset = own.first?.amount.asset else { continue }
            let fees = one.postings.filter { $0.account == .feeIncome && $0.amount.asset == asset }
            var sum = sums ?? Self(net: .zero(asset), fee: .zero(asset))
            // Accounts are credited with what is theirs: credits are negative.
            for posting in own { sum.net = try sum.net.subtracting(posting.amount) }
            for posting in fees { sum.fee = try sum.fee.subtracting(posting.amount) }
            sums = sum
        }
        guard let sums else { return nil }
        self = sums
    }

    private init(net: Amount, fee: Amount) {
        self.net = net
        self.fee = fee
    }

    /// What was credited before the gateway's fee: the net amount and the fee.
    ///
    /// - Throws: `MoneyError` when it does not fit an amount.
    package var gross: Amount { get throws(MoneyError) { try net.adding(fee) } }
}

extension Finance {
    /// What a merchant got of payments; those that never changed its balance are left out.
    ///
    /// - Throws: what the database throws.
    package func proceeds(
        of payments: [PaymentID],
        for merchant: MerchantID
    ) async throws -> [PaymentID: PaymentProceeds] {
        try await settlement.database.read { session in
            var found: [PaymentID: PaymentProceeds] = [:]
            for id in payments {
                found[id] = try PaymentProceeds(session.ledgerTransactions(LedgerSubject(id)), for: merchant)
            }
            return found
        }
    }
}

extension Representation {
    /// The object of a payment with what its merchant got of it: null where the balance was never changed.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ payment: JSONValue, with proceeds: PaymentProceeds?) throws -> JSONValue {
        var members = payment.members ?? []
        members.append(.init("gross", try proceeds.map { try text($0.gross) } ?? .null))
        members.append(.init("fee", try proceeds.map { try text($0.fee) } ?? .null))
        members.append(.init("net", try proceeds.map { try text($0.net) } ?? .null))
        members.append(.init("fee_details", try proceeds.map { try details(ofFee: $0.fee) } ?? .array([])))
        return .object(members)
    }

    /// A fee by who took it.
    ///
    /// - Throws: `MoneyError` when the asset is not in the list.
    /// - Returns: the list; empty when the fee is zero.
    func details(ofFee fee: Amount) throws -> JSONValue {
        fee.isZero ? .array([]) : [["type": "gateway_fee", "amount": try text(fee)]]
    }
}
