import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage

@testable import Settlement

/// What is stored, as values, without a database: each decision is made on what was read of it, and changes it.
struct RulesWorld {
    static let merchant = MerchantID(value: 7)
    static let operators = MerchantID(value: 0)
    static let provider = "ton-main"
    static let coin = AssetID.coin
    static let stars = AssetID.stars

    var now = Timestamp(seconds: 1_000_000)
    let identifiers = IdentifierSource(
        clock: ManualClock(Timestamp(seconds: 1_000_000)),
        random: SeededRandom(seed: 1)
    )
    private(set) var invoices: [InvoiceID: Invoice] = [:]
    private(set) var payments: [PaymentID: BookedPayment] = [:]
    private(set) var payouts: [String: BookedTransfer] = [:]
    /// Every change, in the order in which it was written.
    private(set) var changes: [Change] = []
    /// The changes of the last decision.
    private(set) var last: [Change] = []

    static func amount(_ units: Int, _ asset: AssetID = coin) -> Amount { Amount(asset: asset, units: Int256(units)) }

    static let rules = PaymentRules(
        provider: provider,
        rail: .ton,
        terms: { _ in .none },
        hasAccountsOfOptions: false,
        asksBeforeTaking: false,
        graceAfterExpiry: .zero
    )

    // MARK: - Decisions

    /// Makes a decision on what is stored; nothing is changed when the rule throws.
    @discardableResult
    mutating func decide<Value>(_ rule: (inout Draft) throws -> Value) throws -> Value {
        var draft = Draft(
            LedgerPlanner(
                identifiers: identifiers,
                rail: { _ in .ton },
                now: now,
                books: [Self.merchant: LedgerBook(number: 1), Self.operators: .operators]
            )
        )
        let value = try rule(&draft)
        invoices.merge(draft.invoices) { $1 }
        payments.merge(draft.payments) { $1 }
        payouts.merge(draft.payouts) { $1 }
        last = draft.changes
        changes += last
        // A case about a payment that the draft had not taken in.
        for case .exception(.closed(let known, _)) in last {
            if let payment = known.payment { payments[payment]?.cases.removeAll { $0.id == known.id } }
        }
        return value
    }

    mutating func open(price: Int, until end: Timestamp) -> InvoiceID {
        let id: InvoiceID = identifiers.next()
        let price = Self.amount(price)
        invoices[id] = Invoice(
            id: id,
            merchant: Self.merchant,
            reference: nil,
            title: "Tea",
            summary: "Tea",
            goods: .digital,
            price: price,
            payer: nil,
            metadata: Labels(),
            subscription: nil,
            paidMedia: nil,
            createdAt: now,
            expiresAt: end,
            monitoredUntil: end,
            status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
        )
        return id
    }

    func snapshot(of id: InvoiceID, besides arriving: PaymentID? = nil, feeBasisPoints: Int = 100) -> PaymentSnapshot? {
        guard let invoice = invoices[id] else { return nil }
        let option = PaymentOption(
            id: PaymentOptionID(value: id.value),
            invoice: id,
            rail: .ton,
            provider: Self.provider,
            due: invoice.price,
            price: invoice.price,
            quote: nil,
            instruction: .deposit(address: "a", comment: "c", link: "l"),
            reference: PaymentReference(scope: "s", value: id.text)
        )
        let record = MerchantRecord(id: Self.merchant, name: "m", feeBasisPoints: feeBasisPoints, createdAt: now)
        var snapshot = PaymentSnapshot(OptionMatch(option, of: invoice, by: record), option: option, terms: .none)
        let own = payments(of: id)
        snapshot.parts = own.filter { booked in
            booked.payment.classification == .partial && booked.payment.state == .final && booked.payment.id != arriving
        }
        snapshot.orphans = own.filter(\.liveRefunds.isEmpty).flatMap(\.cases).filter { $0.reason == .orphaned }
        return snapshot
    }

    /// The payments of an invoice, in the order in which they were recorded.
    func payments(of id: InvoiceID) -> [BookedPayment] {
        payments.values.filter { $0.payment.invoice == id }.sorted { $0.payment.id < $1.payment.id }
    }

    private func target(of invoice: InvoiceID?, besides arriving: PaymentID? = nil) -> PaymentTarget {
        invoice.flatMap { snapshot(of: $0, besides: arriving) }.map(PaymentTarget.invoice) ?? .nobody(nil)
    }

    func arrival(of amount: Amount, as stored: Payment? = nil, from source: AccountID? = nil) -> Arrival {
        let id: PaymentID = stored?.id ?? identifiers.next()
        let first = stored.flatMap { payments[$0.id]?.firstMoment } ?? now
        return Arrival(
            id: id,
            transfer: IncomingTransfer(
                naturalKey: stored?.naturalKey ?? NaturalKey("transfer", id.text),
                reference: nil,
                amount: amount,
                payer: "payer",
                refundTarget: "payer",
                evidence: "",
                occurredAt: now,
                availableAt: now
            ),
            source: source ?? .providerReceivable(Self.provider),
            stored: stored,
            madeAt: first
        )
    }

    /// A payment comes.
    @discardableResult
    mutating func pay(_ amount: Amount, for invoice: InvoiceID?) throws -> PaymentID {
        let (arrival, target) = (arrival(of: amount), target(of: invoice))
        try decide { try Self.rules.receive(arrival, for: target, in: &$0) }
        return arrival.id
    }

    /// A payment that was taken back is there again.
    mutating func bringBack(_ id: PaymentID) throws {
        guard let booked = payments[id] else { return }
        let arrival = arrival(of: booked.payment.amount, as: booked.payment)
        let target = target(of: booked.payment.invoice, besides: id)
        try decide { draft in
            draft.include(booked)
            return try Self.rules.bringBack(arrival, for: target, in: &draft)
        }
    }

    /// An unmatched payment is assigned to an invoice.
    mutating func assign(_ id: PaymentID, to invoice: InvoiceID) throws {
        guard let booked = payments[id] else { return }
        let arrival = arrival(of: booked.payment.amount, as: booked.payment, from: .suspense(Self.provider))
        let target = target(of: invoice, besides: id)
        try decide { draft in
            draft.include(booked)
            return try Self.rules.assign(arrival, to: invoice, note: nil, for: target, in: &draft)
        }
    }

    /// The rail takes a payment back.
    mutating func undo(_ id: PaymentID) throws {
        guard let booked = payments[id] else { return }
        var read = UndoSnapshot(payment: booked)
        let counts: Set<Payment.Classification> = [.exact, .partial, .over]
        if counts.contains(booked.payment.classification), let invoice = booked.payment.invoice {
            read.invoice = invoices[invoice]
            for other in payments(of: invoice) where other.payment.id != id && other.payment.state == .final {
                if counts.contains(other.payment.classification) { read.others.append(other) }
                guard other.payment.classification == .repeated, let found = snapshot(of: invoice) else { continue }
                let arrival = arrival(of: other.payment.amount, as: other.payment)
                read.duplicates.append(
                    Duplicate(payment: other, arrival: arrival, snapshot: found, rules: Self.rules)
                )
            }
            read.orphans = snapshot(of: invoice)?.orphans ?? []
        }
        if read.invoice?.status.state != .settled { (read.others, read.duplicates) = ([], []) }
        let (taken, moment) = (read, now)
        try decide { try UndoRules(snapshot: taken, moment: moment).undo(in: &$0) }
    }

    mutating func expire(_ id: InvoiceID) throws {
        guard let invoice = invoices[id] else { return }
        let parts = snapshot(of: id)?.parts ?? []
        try decide { try ExpiryRules(invoice: invoice, parts: parts).expire(in: &$0) }
    }

    // MARK: - Refunds and payouts

    /// What the merchant has of an asset.
    func balance(_ asset: AssetID) throws -> Amount {
        let booked =
            payments.values.flatMap { $0.booked + $0.refunds.flatMap(\.booked) }
            + payouts.values.flatMap(\.booked)
        return try Amount.sum(
            booked.flatMap(\.postings)
                .filter { $0.account == .merchantBalance(Self.merchant) && $0.amount.asset == asset }
                .map(\.amount),
            asset: asset
        )
        .negated()
    }

    func refundRules(_ id: PaymentID, refunds: ProviderCapabilities.Refunds = .partial) throws -> RefundRules? {
        guard let booked = payments[id] else { return nil }
        let invoice = booked.payment.invoice.flatMap { invoices[$0] }
        return RefundRules(
            payment: booked,
            merchant: booked.payment.merchant ?? Self.operators,
            capabilities: ProviderCapabilities(
                opening: .depositInstruction,
                assets: [Self.coin, Self.stars],
                takesPartialPayments: true,
                refunds: refunds,
                paysOut: true,
                isTestNetwork: true
            ),
            isSending: true,
            isWaitingForRest: booked.payment.classification == .partial && invoice?.status.state == .processing,
            balance: try balance(booked.payment.amount.asset)
        )
    }

    @discardableResult
    mutating func refund(_ amount: Amount?, of id: PaymentID) throws -> OutgoingTransfer {
        guard let rules = try refundRules(id) else { throw SettlementError(.notFound, "there is no payment \(id)") }
        let (refund, now): (RefundID, Timestamp) = (identifiers.next(), now)
        return try decide { draft in
            draft.include(rules.payment)
            let wanted = try rules.amount(amount, isMade: false)
            let transfer = try rules.request(wanted, by: nil, nil, id: refund, in: &draft)
            try draft.updateCases(of: id, closing: .init(.refunded, object: refund.text, at: now))
            return transfer
        }
    }

    @discardableResult
    mutating func payOut(_ amount: Amount) throws -> OutgoingTransfer {
        var status = PayoutStateMachine()
        _ = try status.apply(.approved)
        let transfer = OutgoingTransfer(
            purpose: .payout(identifiers.next()),
            merchant: Self.merchant,
            provider: Self.provider,
            amount: amount,
            destination: "d",
            status: status,
            createdAt: now
        )
        try decide { try $0.request(transfer, from: [(.merchantBalance(Self.merchant), amount)]) }
        return transfer
    }

    /// A transfer as it is now.
    func transfer(_ purpose: OutgoingTransfer.Purpose) -> BookedTransfer? {
        switch purpose {
        case .refund(_, let payment): payments[payment]?.refunds.first { $0.transfer.purpose == purpose }
        case .payout(let id): payouts[id.text]
        }
    }

    /// Takes a transfer, a refund with its payment, into a draft.
    func read(_ purpose: OutgoingTransfer.Purpose, into draft: inout Draft) -> OutgoingTransfer? {
        switch purpose {
        case .refund(_, let payment): if let booked = payments[payment] { draft.include(booked) }
        case .payout(let id): if let booked = payouts[id.text] { draft.include(booked) }
        }
        return draft.transfer(purpose)?.transfer
    }

    /// A transfer is signed.
    mutating func sign(_ purpose: OutgoingTransfer.Purpose) throws {
        let world = self
        try decide { draft in
            guard let stored = world.read(purpose, into: &draft) else { return }
            var signed = stored
            _ = try signed.status.apply(.signed)
            signed.prepared = PreparedTransfer(bytes: [1], hash: "h", sequence: 1, validUntil: nil)
            draft.update(signed, from: stored, nextAttemptAt: draft.now)
        }
    }

    mutating func end(_ purpose: OutgoingTransfer.Purpose, as end: TransferEnd) throws {
        let world = self
        try decide { draft in
            guard let stored = world.read(purpose, into: &draft) else { return }
            _ = try draft.end(stored, as: end)
        }
    }

    mutating func reopen(_ purpose: OutgoingTransfer.Purpose) throws {
        let world = self
        try decide { draft in
            guard let stored = world.read(purpose, into: &draft) else { return }
            try draft.reopen(EndedTransfer(transfer: stored), because: "gone")
        }
    }

    mutating func decide(_ purpose: OutgoingTransfer.Purpose, approve: Bool) throws {
        let world = self
        try decide { draft in
            guard let stored = world.read(purpose, into: &draft) else { return }
            _ = try draft.decide(stored, approve: approve)
        }
    }

    mutating func railReturns(_ id: PaymentID) throws {
        guard let booked = payments[id] else { return }
        try decide { draft in
            draft.include(booked)
            let merchant = booked.payment.merchant ?? Self.operators
            try draft.recordRailRefund(booked.payment.amount, of: id, for: merchant)
        }
    }

    // MARK: - Cases

    /// A person accepts the money that waits in a case.
    mutating func accept(_ known: ExceptionCase, settling wish: Bool?) throws {
        var rules = CaseRules(subject: known, merchant: known.merchant ?? Self.operators, note: nil)
        rules.payment = known.payment.flatMap { payments[$0] }
        rules.feeBasisPoints = 100
        if rules.settles(wish), let invoice = known.invoice {
            rules.invoice = invoices[invoice]
            rules.parts = payments(of: invoice).flatMap { booked in
                booked.cases.filter { $0.reason == .underpaid && $0.id != known.id }.map { ($0, booked) }
            }
        }
        let read = rules
        try decide { try read.accept(wish, in: &$0) }
    }

    mutating func dismiss(_ known: ExceptionCase) throws {
        var rules = CaseRules(subject: known, merchant: known.merchant ?? Self.operators, note: nil)
        rules.payment = known.payment.flatMap { payments[$0] }
        let read = rules
        try decide { draft in
            if let payment = read.payment { draft.include(payment) }
            try read.dismiss(in: &draft)
        }
    }

    /// The open cases.
    var cases: [ExceptionCase] {
        payments.values.flatMap(\.cases).sorted { $0.id < $1.id }
    }
}

extension AssetID {
    static let coin: AssetID = {
        do { return try AssetID("ton:testnet:native") } catch { preconditionFailure("it is written rightly") }
    }()
}
