import Ledger
import Money
package import Payments
package import Providers
import Seams
import Storage

/// A claim of unmatched payments for an invoice, by the proven owner of the account that they came from.
package struct ClaimRequest: Sendable {
    let invoice: InvoiceID
    let merchant: MerchantID
    let owner: String
    let provider: any PaymentProvider

    /// A claim of the payments from a proven account.
    ///
    /// - Parameters:
    ///   - invoice: the invoice.
    ///   - merchant: whose invoice it is.
    ///   - owner: the proven account, in the form in which payers are stored.
    ///   - provider: the provider that saw the payments.
    package init(
        for invoice: InvoiceID,
        of merchant: MerchantID,
        from owner: String,
        at provider: any PaymentProvider
    ) {
        self.invoice = invoice
        self.merchant = merchant
        self.owner = owner
        self.provider = provider
    }
}

extension Settlement {
    /// Assigns to an invoice the unmatched payments from an account whose owner was proven.
    ///
    /// The time of a payment does not change: one that came after the invoice's end is late also when it is claimed.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound`` when there is no such invoice or payment.
    /// - Returns: the payments as they are now.
    package func claim(_ request: ClaimRequest) async throws -> [Payment] {
        let (id, owner, provider) = (request.invoice, request.owner, request.provider)
        let recorder = ObservationRecorder(
            settlement: self,
            provider: provider,
            now: clock.now(),
            isChronological: false
        )
        return try await database.write { session in
            guard let invoice = try session.invoice(id), invoice.merchant == request.merchant else {
                throw SettlementError(.notFound, "there is no invoice \(id)")
            }
            let options = try session.options(of: id).filter { $0.provider == provider.key }
            let found = try session.unmatchedPayments(provider: provider.key, payer: owner, limit: 10)
            var claimed: [PaymentID] = []
            for payment in found {
                guard let option = options.first(where: { $0.due.asset == payment.amount.asset }),
                    try session.refunds(of: payment.id).isEmpty
                else { continue }
                try recorder.assign(payment, to: option, note: nil, in: session)
                claimed.append(payment.id)
            }
            guard !claimed.isEmpty else {
                throw SettlementError(.notFound, "no unmatched payment came from \(owner) in an asset of the invoice")
            }
            return try claimed.compactMap { try session.payment($0) }
        }
    }
}

extension ObservationRecorder {
    /// Assigns an unmatched payment to an invoice.
    func assign(
        _ payment: Payment,
        to option: PaymentOption,
        note: String?,
        in session: any SQLSession
    ) throws {
        let arrival = Arrival(
            id: payment.id,
            transfer: try transfer(of: payment, for: option, in: session),
            source: .suspense(providerKey),
            stored: payment,
            madeAt: payment.occurredAt
        )
        let match = try session.option(option.reference, at: providerKey)
        _ = try decide(about: arrival, matching: match, in: session) { target, draft in
            try rules.assign(arrival, to: option.invoice, note: note, for: target, in: &draft)
        }
    }

    /// The transfer that a stored payment was, as one for an option.
    func transfer(
        of payment: Payment,
        for option: PaymentOption,
        in session: any SQLSession
    ) throws -> IncomingTransfer {
        let told = try session.personalData(of: payment.id)?.sealed
            .flatMap { try settlement.personalData.open($0, of: payment.id, for: payment.merchant) }
        return IncomingTransfer(
            naturalKey: payment.naturalKey,
            reference: option.reference,
            amount: payment.amount,
            payer: payment.payer,
            refundTarget: payment.refundTarget,
            evidence: payment.evidence,
            occurredAt: payment.occurredAt,
            availableAt: payment.availableAt,
            shippingOption: told?.shippingOption
        )
    }
}
