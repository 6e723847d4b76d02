import Ledger
public import Money
public import Payments
import Providers
public import Seams
import Storage

/// What a merchant asks for when it opens an invoice.
public struct InvoiceRequest: Sendable {
    /// One rail that the merchant wants to offer.
    public struct Choice: Hashable, Sendable {
        /// The rail.
        public let rail: Rail
        /// The asset that is paid; none: the provider's first one that the price can be turned into.
        public let asset: AssetID?
        /// What is paid, when the merchant sets it; none: the price at the current rate.
        public let amount: Amount?
        /// The rail's own wishes (tips, shipping), as the provider knows them.
        public let settings: [String: String]

        /// A rail that the merchant wants to offer.
        public init(rail: Rail, asset: AssetID? = nil, amount: Amount? = nil, settings: [String: String] = [:]) {
            self.rail = rail
            self.asset = asset
            self.amount = amount
            self.settings = settings
        }
    }

    /// The merchant's own number for the order, at most 128 bytes.
    public var reference: String?
    /// The name of what is sold, 1 to 32 characters.
    public var title: String
    /// More about it, 1 to 255 characters.
    public var summary: String
    /// What kind of goods.
    public var goods: Invoice.Goods
    /// Where the customer pays.
    public var place: RailPolicy.Place
    /// What is owed.
    public var price: Amount
    /// How the price is split for the customer; the parts add up to the price.
    public var lines: [OpenRequest.Line]
    /// The rails to offer; none: all that the policy and the providers allow.
    public var choices: [Choice]
    /// For how long the invoice can be paid.
    public var lifetime: Duration
    /// For how long after that late payments are looked for.
    public var monitoring: Duration
    /// How much less still settles it, in hundredths of a percent.
    public var toleranceBasisPoints: Int
    /// The Telegram user who alone may pay.
    public var payer: Int64?
    /// The merchant's own labels.
    public var metadata: [String: String]

    /// A request with the usual times: an hour to pay, a day of monitoring.
    public init(
        title: String,
        summary: String,
        goods: Invoice.Goods,
        price: Amount,
        place: RailPolicy.Place = .telegram,
        reference: String? = nil,
        lines: [OpenRequest.Line] = [],
        choices: [Choice] = [],
        lifetime: Duration = .seconds(3_600),
        monitoring: Duration = .seconds(86_400),
        toleranceBasisPoints: Int = 0,
        payer: Int64? = nil,
        metadata: [String: String] = [:]
    ) {
        self.title = title
        self.summary = summary
        self.goods = goods
        self.price = price
        self.place = place
        self.reference = reference
        self.lines = lines
        self.choices = choices
        self.lifetime = lifetime
        self.monitoring = monitoring
        self.toleranceBasisPoints = toleranceBasisPoints
        self.payer = payer
        self.metadata = metadata
    }
}

/// An invoice with the ways to pay it.
public struct InvoiceWithOptions: Hashable, Sendable {
    /// The invoice.
    public let invoice: Invoice
    /// The ways to pay it.
    public let options: [PaymentOption]

    /// An invoice and its options.
    public init(invoice: Invoice, options: [PaymentOption]) {
        self.invoice = invoice
        self.options = options
    }
}

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
            let plan = try plan(request, at: now)
            let invoice = try makeInvoice(request, for: merchant, id: id, at: now)
            try await database.write { session in
                try session.insert(invoice)
                try announce(.created, invoice, at: now, in: session)
            }
            try faults.pass(.afterStoringInvoice)
            return try await open(plan, of: invoice, lines: request.lines)
        }
        let stored = try await invoice(id, of: merchant)
        guard stored.options.isEmpty else { return stored }
        return try await open(plan(request, at: now), of: stored.invoice, lines: request.lines)
    }

    /// An invoice of a merchant with its options.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's invoice.
    /// - Returns: the invoice and its options.
    public func invoice(_ id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found: InvoiceWithOptions? = try await database.read { session in
            guard let invoice = try session.invoice(id), invoice.merchant == merchant else { return nil }
            return InvoiceWithOptions(invoice: invoice, options: try session.options(of: id))
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
            do { action = try updated.status.apply(.cancelled) } catch { throw SettlementError(error) }
            guard action == .announceCancelled else { return invoice }
            guard try session.update(updated, from: invoice) else {
                throw SettlementError(.conflict, "the invoice \(id) has changed meanwhile; read it again")
            }
            try announce(.cancelled, updated, at: now, in: session)
            return updated
        }
        return InvoiceWithOptions(invoice: cancelled, options: found.options)
    }

    // MARK: - Steps

    private struct PlannedOption {
        let provider: any PaymentProvider
        let due: Amount
        let quote: Quote?
        let settings: [String: String]
    }

    private func validate(_ request: InvoiceRequest) throws {
        func refuse(_ reason: String, _ parameter: String) -> SettlementError {
            SettlementError(.invalidRequest, reason, parameter: parameter)
        }
        guard (1...32).contains(request.title.count) else { throw refuse("title has 1 to 32 characters", "title") }
        guard (1...255).contains(request.summary.count) else {
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

    /// What to open where.
    ///
    /// What the merchant named has to be possible; what it did not name is offered if it is.
    private func plan(_ request: InvoiceRequest, at now: Timestamp) throws -> [PlannedOption] {
        guard request.choices.isEmpty else {
            return try request.choices.map { choice in
                do { try policy.check(choice.rail, for: request.goods, in: request.place) } catch {
                    throw SettlementError(error)
                }
                return try plan(choice, for: request.price, at: now)
            }
        }
        let allowed = policy.rails(for: request.goods, in: request.place)
        let planned = allowed.compactMap { try? plan(.init(rail: $0), for: request.price, at: now) }
        guard !planned.isEmpty else {
            let rails = allowed.map(\.rawValue).joined(separator: ", ")
            throw SettlementError(.noRate, "no allowed rail (\(rails)) can be offered for \(request.price.asset)")
        }
        return planned
    }

    private func plan(
        _ choice: InvoiceRequest.Choice,
        for price: Amount,
        at now: Timestamp
    ) throws -> PlannedOption {
        let candidates = providers.providers(of: choice.rail)
        guard !candidates.isEmpty else {
            throw SettlementError(
                .unavailable,
                "no provider serves the rail \(choice.rail.rawValue)",
                parameter: "rails"
            )
        }
        var failure = SettlementError(.unsupported, "no provider takes the asset", parameter: "rails")
        let wanted = choice.asset ?? choice.amount?.asset
        for provider in candidates {
            let served = provider.capabilities.assets
            let assets = wanted.map { wanted in served.filter { $0 == wanted } } ?? Self.preferring(price.asset, served)
            for asset in assets {
                do { return try plan(choice, at: provider, in: asset, for: price, now) } catch { failure = error }
            }
        }
        throw failure
    }

    private func plan(
        _ choice: InvoiceRequest.Choice,
        at provider: any PaymentProvider,
        in asset: AssetID,
        for price: Amount,
        _ now: Timestamp
    ) throws(SettlementError) -> PlannedOption {
        if let amount = choice.amount {
            return PlannedOption(provider: provider, due: amount, quote: nil, settings: choice.settings)
        }
        guard asset != price.asset else {
            return PlannedOption(provider: provider, due: price, quote: nil, settings: choice.settings)
        }
        let quote = try rates.rate(price.asset, in: asset, at: now)
        let (from, to) = (try self.asset(price.asset), try self.asset(asset))
        do {
            // Rounded up to what the rail can carry: the merchant never gets less than the price.
            let exact = try quote.rate.convert(price, from: from, to: to, rounding: .awayFromZero)
            let due = try to.roundedToWire(exact, rounding: .awayFromZero)
            return PlannedOption(provider: provider, due: due, quote: quote, settings: choice.settings)
        } catch { throw SettlementError(.invalidRequest, error.reason, parameter: "amount") }
    }

    private static func preferring(_ asset: AssetID, _ served: [AssetID]) -> [AssetID] {
        served.contains(asset) ? [asset] : served
    }

    private func open(
        _ plan: [PlannedOption],
        of invoice: Invoice,
        lines: [OpenRequest.Line]
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
                settings: planned.settings
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
                    reference: result.reference
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
                for account in result.accounts {
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
