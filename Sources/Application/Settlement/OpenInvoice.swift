import Ledger
import Money
package import Payments
import Providers
import Seams
import Storage

extension Settlement {
    /// Opens an invoice: plans the ways to pay it, opens them at their providers, and stores the invoice with them.
    ///
    /// A refused invoice leaves nothing behind. An option that a provider had opened by then does no harm. A payment
    /// link whose order is not stored is refused at the pre-checkout, and an address has been shown to nobody.
    ///
    /// A repeated call with the same identifier returns the existing invoice.
    ///
    /// - Throws: ``SettlementError``; with ``SettlementError/Code/unavailable`` when no way to pay could be opened now,
    ///   or the time is unknown.
    /// - Returns: the invoice with the options that could be opened, and the rails that could not.
    package func openInvoice(
        _ request: InvoiceRequest,
        for merchant: MerchantID,
        id: InvoiceID
    ) async throws -> InvoiceWithOptions {
        let isStored = try await database.read { session in
            if try session.invoice(id) != nil { return true }
            // Checked before a provider is asked, and once more when the invoice is stored.
            try requireStock(of: request.paymentLink, in: session)
            return false
        }
        if isStored { return try await invoice(id, of: merchant) }
        try requireTheTime()
        let now = clock.now()
        try validate(request)
        let planned = try makeInvoice(request, for: merchant, id: id, unavailable: [], at: now)
        var plan = try plan(request, of: planned, at: now)
        let opened = await open(&plan)
        guard !opened.isEmpty else { throw plan.refusal }
        try faults.pass(.afterOpeningOptions)
        let invoice = try makeInvoice(request, for: merchant, id: id, unavailable: plan.unavailable, at: now)
        return try await store(invoice, opened, as: request, at: now)
    }

    /// Checks that an invoice could be opened now on each named rail, without asking a rail or storing anything.
    ///
    /// - Throws: ``SettlementError``.
    func rehearse(_ request: InvoiceRequest, for merchant: MerchantID, at now: Timestamp) throws {
        try validate(request)
        let invoice = try makeInvoice(request, for: merchant, id: identifiers.next(), unavailable: [], at: now)
        let plan = try plan(request, of: invoice, at: now)
        guard request.choices.isEmpty || plan.refusals.isEmpty else { throw plan.refusal }
    }

    /// An invoice of a merchant with its options.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's invoice.
    /// - Returns: the invoice and its options.
    package func invoice(_ id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found: InvoiceWithOptions? = try await database.lookUp { session in
            guard let invoice = try session.invoice(id), invoice.merchant == merchant else { return nil }
            return try InvoiceWithOptions(invoice, in: session)
        }
        guard let found else { throw SettlementError(.notFound, "there is no invoice \(id)") }
        return found
    }

    /// Cancels an invoice that nobody has paid yet.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidState`` when it is paid or over.
    /// - Returns: the invoice and its options.
    package func cancelInvoice(_ id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found = try await invoice(id, of: merchant)
        let now = clock.now()
        let cancelled: Invoice = try await write(for: merchant) { session in
            guard let invoice = try session.invoice(id) else { throw SettlementError(.notFound, "no invoice \(id)") }
            var updated = invoice
            let action: InvoiceStateMachine.Action
            do throws(PaymentsError) { action = try updated.status.apply(.cancelled) } catch {
                throw SettlementError(error)
            }
            guard action == .announceCancelled else { return invoice }
            try session.update(&updated, from: invoice)
            try announce(.cancelled, updated, at: now, in: session)
            return updated
        }
        return InvoiceWithOptions(invoice: cancelled, options: found.options)
    }

    // MARK: - Steps

    /// Refuses to open an invoice while the time is unknown.
    ///
    /// Its end would be off by as much as the clock, and its merchant and customer would have been told of it.
    private func requireTheTime() throws {
        guard clock.knowsTheTime else {
            throw SettlementError(
                .unavailable,
                "the gateway's clock and the payment networks do not agree on the time; its operator is told, try again later"
            )
        }
    }

    /// The numbers of Telegram's users, which have at most 52 significant bits (Bot API, `User`).
    private static let users: ClosedRange<Int64> = 1...((1 << 52) - 1)

    /// The most rails that one invoice offers: each has an address or a link of its own to watch.
    private static let mostRails = 32

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
        guard VisibleText.isVisible(request.title) else {
            throw refuse("title needs a visible character", "title")
        }
        guard VisibleText.isVisible(request.summary) else {
            throw refuse("description needs a visible character", "description")
        }
        guard request.lines.allSatisfy({ VisibleText.isVisible($0.label) }) else {
            throw refuse("a line's label needs a visible character", "line_items")
        }
        guard request.price.isPositive else { throw refuse("amount has to be more than zero", "amount") }
        guard (0...10_000).contains(request.toleranceBasisPoints) else {
            throw refuse("tolerance_basis_points lies between 0 and 10000", "tolerance_basis_points")
        }
        guard (.seconds(60)...(.seconds(31 * 86_400))).contains(request.lifetime) else {
            throw refuse("expires_in lies between 60 and 2678400 seconds", "expires_in")
        }
        let rails = request.choices.count
        guard rails <= Self.mostRails else {
            throw refuse("an invoice offers at most \(Self.mostRails) rails", "rails")
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
        unavailable: [UnavailableRail],
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
            unavailableRails: unavailable,
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

    /// Opens the planned options; a rail that cannot be opened moves to the refusals.
    private func open(_ plan: inout OpeningPlan) async -> [(planned: PlannedOption, opened: OpenedOption)] {
        var opened: [(planned: PlannedOption, opened: OpenedOption)] = []
        for planned in plan.options {
            do throws(ProviderError) {
                opened.append((planned, try await planned.provider.open(planned.request)))
            } catch {
                plan.refusals.append((planned.provider.rail, SettlementError(error)))
            }
        }
        return opened
    }

    /// Stores an invoice with the ways to pay it, and tells the merchant.
    private func store(
        _ invoice: Invoice,
        _ opened: [(planned: PlannedOption, opened: OpenedOption)],
        as request: InvoiceRequest,
        at now: Timestamp
    ) async throws -> InvoiceWithOptions {
        try await write(for: invoice.merchant) { session in
            // Somebody else may have opened it meanwhile, for the same request.
            if let stored = try session.invoice(invoice.id) { return try InvoiceWithOptions(stored, in: session) }
            try requireStock(of: invoice.paymentLink, in: session)
            if let subscription = request.subscription { try session.insert(subscription) }
            try session.insert(invoice)
            for visitor in request.visitors { try takePlace(for: invoice, of: visitor, at: now, in: session) }
            for (planned, result) in opened {
                try session.insert(planned.option(result), of: invoice.merchant)
                let provider = planned.provider
                let isScannedAlone = provider.scan?.scansAccountsOfOptions ?? true
                for account in result.accounts {
                    if !isScannedAlone {
                        try session.insertWatchedAccount(
                            provider: provider.key,
                            account: account.account,
                            by: invoice.merchant
                        )
                    }
                    try session.insertScanAccount(
                        provider: provider.key,
                        account: account.account,
                        subject: account.subject,
                        closesAt: invoice.expiresAt,
                        activeUntil: invoice.monitoredUntil
                    )
                }
            }
            try announce(.created, invoice, at: now, in: session)
            return InvoiceWithOptions(invoice: invoice, options: opened.map { $0.planned.option($0.opened) })
        }
    }
}
