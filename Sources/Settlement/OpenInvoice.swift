import Ledger
import Money
public import Payments
import Providers
public import Seams
import Storage

extension Settlement {
    /// Opens an invoice: stores it, opens a way to pay it at each provider, stores those.
    ///
    /// Opening again with the same identifier goes on where a crash or a failure left off, so that a retried request
    /// makes one invoice.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/unavailable`` when no way to pay could be opened.
    /// - Returns: the invoice with the options that could be opened.
    public func openInvoice(
        _ request: InvoiceRequest,
        for merchant: MerchantID,
        id: InvoiceID
    ) async throws -> InvoiceWithOptions {
        let now = clock.now()
        if try await database.read({ try $0.invoice(id) }) == nil {
            try validate(request)
            let plan = try plan(request, for: merchant, at: now)
            let invoice = try makeInvoice(request, for: merchant, id: id, at: now)
            try await database.write { session in
                try takeFromStock(of: invoice.paymentLink, in: session)
                if let subscription = request.subscription { try session.insert(subscription) }
                try session.insert(invoice)
                try announce(.created, invoice, at: now, in: session)
            }
            try faults.pass(.afterStoringInvoice)
            return try await open(plan, of: invoice, lines: request.lines)
        }
        let stored = try await invoice(id, of: merchant)
        guard stored.options.isEmpty else { return stored }
        return try await open(plan(request, for: merchant, at: now), of: stored.invoice, lines: request.lines)
    }

    /// An invoice of a merchant with its options.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's invoice.
    /// - Returns: the invoice and its options.
    public func invoice(_ id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found: InvoiceWithOptions? = try await database.lookUp { session in
            guard let invoice = try session.invoice(id), invoice.merchant == merchant else { return nil }
            return try InvoiceWithOptions(invoice, in: session)
        }
        guard let found else { throw SettlementError(.notFound, "there is no invoice \(id)") }
        return found
    }

    /// Calls an invoice off that nobody has paid yet.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidState`` when it is paid or over.
    /// - Returns: the invoice and its options.
    public func cancelInvoice(_ id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found = try await invoice(id, of: merchant)
        let now = clock.now()
        let cancelled: Invoice = try await database.write { session in
            guard let invoice = try session.invoice(id) else { throw SettlementError(.notFound, "no invoice \(id)") }
            var updated = invoice
            let action: InvoiceStateMachine.Action
            do throws(PaymentsError) { action = try updated.status.apply(.cancelled) } catch {
                throw SettlementError(error)
            }
            guard action == .announceCancelled else { return invoice }
            try session.update(updated, from: invoice)
            try announce(.cancelled, updated, at: now, in: session)
            return updated
        }
        return InvoiceWithOptions(invoice: cancelled, options: found.options)
    }

    // MARK: - Steps

    /// The numbers of Telegram's users, which have at most 52 significant bits (Bot API, `User`).
    private static let users: ClosedRange<Int64> = 1...((1 << 52) - 1)

    func validate(_ request: InvoiceRequest) throws {
        func refuse(_ reason: String, _ parameter: String) -> SettlementError {
            SettlementError(.invalidRequest, reason, parameter: parameter)
        }
        guard (1...32).contains(request.title.unicodeScalars.count) else {
            throw refuse("title has 1 to 32 characters", "title")
        }
        guard (1...255).contains(request.summary.unicodeScalars.count) else {
            throw refuse("description has 1 to 255 characters", "description")
        }
        guard request.price.isPositive else { throw refuse("amount has to be more than zero", "amount") }
        guard (0...10_000).contains(request.toleranceBasisPoints) else {
            throw refuse("tolerance_basis_points lies between 0 and 10000", "tolerance_basis_points")
        }
        guard (.seconds(60)...(.seconds(31 * 86_400))).contains(request.lifetime) else {
            throw refuse("expires_in lies between 60 and 2678400 seconds", "expires_in")
        }
        guard request.metadata.count <= 50 else { throw refuse("metadata has at most 50 keys", "metadata") }
        guard (request.reference?.utf8.count ?? 0) <= 128 else { throw refuse("at most 128 bytes", "reference") }
        if let payer = request.payer, !Self.users.contains(payer) {
            throw refuse("payer is the number of a Telegram user", "payer")
        }
        if let url = request.returnURL, !WebAddress.isValid(url) {
            throw refuse("return_url is an absolute https URL of at most 2048 bytes", "return_url")
        }
        guard !request.lines.isEmpty else { return }
        let total = try Amount.sum(request.lines.map(\.amount), asset: request.price.asset)
        guard total == request.price else { throw refuse("the line items do not add up to the amount", "line_items") }
    }

    private func makeInvoice(
        _ request: InvoiceRequest,
        for merchant: MerchantID,
        id: InvoiceID,
        at now: Timestamp
    ) throws -> Invoice {
        let tolerance = try request.price.portion(basisPoints: request.toleranceBasisPoints, rounding: .towardZero)
        let expiresAt = now.advanced(by: request.lifetime)
        return Invoice(
            id: id,
            merchant: merchant,
            reference: request.reference,
            title: request.title,
            summary: request.summary,
            goods: request.goods,
            price: request.price,
            toleranceBasisPoints: request.toleranceBasisPoints,
            payer: request.payer,
            metadata: request.metadata,
            returnURL: request.returnURL,
            paymentLink: request.paymentLink,
            subscription: request.subscription?.terms.id,
            lines: request.lines,
            createdAt: now,
            expiresAt: expiresAt,
            monitoredUntil: expiresAt.advanced(by: request.monitoring),
            status: InvoiceStateMachine(
                price: request.price,
                threshold: try request.price.subtracting(tolerance),
                received: .zero(request.price.asset)
            )
        )
    }

    private func open(
        _ plan: [PlannedOption],
        of invoice: Invoice,
        lines: [InvoiceLine]
    ) async throws -> InvoiceWithOptions {
        var opened: [(PaymentOption, String, OpenedOption)] = []
        var failure: ProviderError?
        for planned in plan {
            let id: PaymentOptionID = identifiers.next()
            let request = OpenRequest(
                option: id,
                invoice: invoice,
                due: planned.due,
                lines: planned.quote == nil && planned.due == invoice.price ? lines : [],
                settings: planned.railSettings
            )
            do {
                let result = try await planned.provider.open(request)
                let option = PaymentOption(
                    id: id,
                    invoice: invoice.id,
                    rail: planned.provider.rail,
                    provider: planned.provider.key,
                    due: planned.due,
                    price: invoice.price,
                    quote: planned.quote,
                    instruction: result.instruction,
                    reference: result.reference,
                    settings: planned.settings
                )
                opened.append((option, planned.provider.key, result))
            } catch { failure = error }
        }
        if opened.isEmpty {
            throw failure.map(SettlementError.init) ?? SettlementError(.unavailable, "no way to pay could be opened")
        }
        try faults.pass(.afterOpeningOptions)
        let stored = opened
        return try await database.write { session in
            for (option, provider, result) in stored {
                try session.insert(option)
                let isScannedAlone = providers.provider(provider)?.scan?.scansAccountsOfOptions ?? true
                for account in result.accounts {
                    if !isScannedAlone {
                        try session.insertWatchedAccount(provider: provider, account: account.account)
                    }
                    try session.insertScanAccount(
                        provider: provider,
                        account: account.account,
                        subject: account.subject,
                        activeUntil: invoice.monitoredUntil
                    )
                }
            }
            return InvoiceWithOptions(invoice: invoice, options: stored.map(\.0))
        }
    }
}
