import Ledger
package import Money
package import Payments
package import Records
import Seams
import Storage
package import StrictJSON

/// A query for a merchant's payments, with or without personal data.
package struct PaymentList: Hashable, Sendable {
    let merchant: MerchantID
    let filter: PaymentFilter
    let page: Page
    let withPersonalData: Bool

    /// The payments of a merchant that pass a filter.
    package init(of merchant: MerchantID, where filter: PaymentFilter, in page: Page, withPersonalData: Bool) {
        self.merchant = merchant
        self.filter = filter
        self.page = page
        self.withPersonalData = withPersonalData
    }
}

/// A query for a merchant's refunds or payouts.
package struct OutgoingList: Hashable, Sendable {
    let merchant: MerchantID
    let refunds: Bool
    let filter: OutgoingFilter
    let page: Page

    /// The refunds of a merchant, or its payouts, that pass a filter.
    package init(of merchant: MerchantID, refunds: Bool, where filter: OutgoingFilter, in page: Page) {
        self.merchant = merchant
        self.refunds = refunds
        self.filter = filter
        self.page = page
    }
}

/// Queries about invoices, payments, refunds, payouts, cases and balances.
extension Settlement {
    /// A merchant's invoices, with the ways to pay them.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func invoices(
        of merchant: MerchantID,
        where filter: InvoiceFilter,
        in page: Page
    ) async throws -> [InvoiceWithOptions] {
        try await database.read { session in
            try session.invoices(of: merchant, where: filter, in: page).map { try InvoiceWithOptions($0, in: session) }
        }
    }

    /// A payment of a merchant, or one without a merchant for the operator; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func payment(_ id: PaymentID, of merchant: MerchantID) async throws -> Payment? {
        let found = try await database.read { try $0.payment(id) }
        return found.flatMap { owns(merchant, $0.merchant) ? $0 : nil }
    }

    /// A merchant's payments that pass a filter, as JSON.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func paymentTexts(_ list: PaymentList) async throws -> [JSONValue] {
        try await database.read { session in
            try session.payments(of: list.merchant, where: list.filter, in: list.page).map { payment in
                try text(of: payment, withPersonalData: list.withPersonalData, in: session)
            }
        }
    }

    /// A payment as JSON; nil when the merchant has no such payment.
    ///
    /// - Throws: what the database throws.
    package func paymentText(
        _ id: PaymentID,
        of merchant: MerchantID,
        withPersonalData: Bool
    ) async throws -> JSONValue? {
        try await database.read { session in
            guard let payment = try session.payment(id), owns(merchant, payment.merchant) else { return nil }
            return try text(of: payment, withPersonalData: withPersonalData, in: session)
        }
    }

    private func text(
        of payment: Payment,
        withPersonalData: Bool,
        in session: any SQLSession
    ) throws -> JSONValue {
        withPersonalData ? try personalJSON(payment, in: session) : try representation.json(payment)
    }

    /// A refund or payout of a merchant; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func outgoing(_ id: String, of merchant: MerchantID) async throws -> OutgoingTransfer? {
        let found = try await database.read { try $0.outgoing(id) }
        return found?.merchant == merchant ? found : nil
    }

    /// A merchant's refunds, or its payouts, that pass a filter.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func outgoing(_ list: OutgoingList) async throws -> [OutgoingTransfer] {
        try await database.read { session in
            try session.outgoing(of: list.merchant, refunds: list.refunds, where: list.filter, in: list.page)
        }
    }

    /// A case of a merchant, or one without a merchant for the operator; nil when there is none.
    ///
    /// - Throws: what the database throws.
    package func exceptionCase(_ id: CaseID, of merchant: MerchantID) async throws -> ExceptionCase? {
        let found = try await database.read { try $0.exceptionCase(id) }
        return found.flatMap { owns(merchant, $0.merchant) ? $0 : nil }
    }

    /// A merchant's cases in a state; for the operator also those without a merchant.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    package func cases(
        of merchant: MerchantID,
        state: ExceptionCase.State,
        in page: Page
    ) async throws -> [ExceptionCase] {
        let isOperator = merchant == operatorMerchant
        return try await database.read { session in
            try session.cases(of: merchant, isOperator: isOperator, state: state, in: page)
        }
    }

    /// A merchant's balance in each asset, and how much of it no rail holds back any more.
    ///
    /// - Throws: what the database throws.
    package func balances(of merchant: MerchantID) async throws -> [(balance: Amount, available: Amount)] {
        let account = AccountID.merchantBalance(merchant)
        let now = clock.now()
        return try await database.read { session in
            try session.balances(of: account).map { amount in
                let balance = try amount.negated()
                let held = try session.heldPayments(of: merchant, asset: balance.asset, at: now).map(\.amount)
                let free = try balance.subtracting(Amount.sum(held, asset: balance.asset))
                return (balance, free.isPositive ? free : .zero(balance.asset))
            }
        }
    }
}
