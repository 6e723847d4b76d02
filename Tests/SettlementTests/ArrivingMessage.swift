import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

/// A message by a provider that names a target: one cell of the table of the ways in.
struct ArrivingMessage {
    let way: EntryPoint
    let relation: Relation
    /// The named object; nil when it does not exist.
    let target: Target?
    /// The invoice whose page it uses.
    let page: InvoiceID
    /// Distinguishes the cells of one market.
    let number: Int
    let market: ThreeTenants

    private var provider: ScriptedProvider { market.provider(relation) }
    private var desk: Desk { market.desk }
    private var settlement: Settlement { market.desk.settlement }
    private var option: PaymentOptionID { target?.option.id ?? PaymentOptionID(value: 999) }
    private var reference: PaymentReference { target?.reference ?? ScriptedProvider.reference(option) }
    private var charge: String { Self.charge(number) }

    static func title(_ number: Int) -> String { "order \(number)." }

    static func charge(_ number: Int) -> String { "charge-\(number)-" }

    /// A payment by the Telegram user of a number.
    static func charged(
        _ amount: Amount,
        for option: PaymentOptionID,
        user: Int,
        at moment: Timestamp
    )
        -> IncomingTransfer
    {
        IncomingTransfer(
            naturalKey: NaturalKey("telegram", "test", charge(user), "in"),
            reference: ScriptedProvider.reference(option),
            amount: amount,
            payer: "\(user)",
            refundTarget: nil,
            evidence: "{}",
            occurredAt: moment,
            availableAt: moment
        )
    }

    /// Delivers it.
    ///
    /// - Returns: whether a question was approved, or the target was shown; nil where nothing is asked.
    func play() async throws -> Bool? {
        let amount = try desk.amount("1.5")
        switch way {
        case .payment, .scannedPayment, .shownByBalance, .sighting, .refund, .vanished, .subscriptionChange,
            .subscriptionRenewal:
            try await observe(amount)
        case .preCheckout: return await isAgreed(.payment(amount: amount))
        case .shipping:
            let way = ShippingOption(id: "post", title: "Post", price: try desk.amount("0.1"))
            provider.script.withLock { $0.terms = OptionTerms(shipping: [way]) }
            defer { provider.script.withLock { $0.terms = .none } }
            return await isAgreed(.shipping(address: "{}"))
        case .paidMedia: try await buyMedia(amount)
        case .initData, .thirdPartyData, .paysupport, .paysupportWithNumber, .terms, .notice, .walletSession:
            return try await meetFront(amount)
        case .claim, .claimByOther, .assignedCase: try await takeUnmatched(amount)
        }
        return nil
    }

    /// Delivers an observation of a rail.
    private func observe(_ amount: Amount) async throws {
        let new = desk.transfer(amount, for: option, number: 1_000 + number)
        let old = NaturalKey("test", "\(number)")
        let account = ScanAccount(account: "account \(number)", subject: "coin")
        var scan = ScanPage(observations: [], position: "1", hasMore: false, completeUntil: nil)
        switch way {
        case .scannedPayment:
            scan.observations = [.incoming(new)]
            try await settlement.record(scan, of: account, at: provider, after: nil)
        case .shownByBalance:
            scan.observations = [.mark(.sample(new, holding: AmountSum(of: amount), on: account.account))]
            try await settlement.record(scan, of: account, at: provider, after: nil)
        case .sighting:
            scan.sightings = [Sighting(transfer: new, confirmations: 0, required: 1)]
            try await settlement.record(scan, of: account, at: provider, after: nil)
        case .refund:
            let key = NaturalKey("test", "\(number) out")
            // A return of an unknown payment is tried again later.
            _ = try? await settlement.record(
                .refunded(naturalKey: key, payment: old, amount: amount, at: desk.clock.now()),
                at: provider
            )
        case .vanished: _ = try await settlement.record(.vanished(old, at: desk.clock.now()), at: provider)
        case .subscriptionChange:
            _ = try await settlement.changeSubscription(
                reference,
                by: .canceled,
                at: provider,
                heardAt: desk.clock.now()
            )
        default: _ = try await settlement.record(.incoming(new), at: provider)
        }
    }

    /// Whether Telegram's question before a payment is approved.
    private func isAgreed(_ topic: ApprovalRequest.Topic) async -> Bool {
        let question = ApprovalRequest(id: "q\(number)", reference: reference, payer: "1", topic: topic)
        if case .refused = await settlement.decide(question, of: provider) { return false }
        return true
    }

    private func buyMedia(_ amount: Amount) async throws {
        let media = PaidMediaID(value: UInt128(number))
        if let target {
            let sold = PaidMedia(
                id: media,
                merchant: target.merchant,
                provider: target.provider.key,
                chat: "1",
                title: "t",
                summary: "s",
                price: amount,
                items: [],
                metadata: [:],
                createdAt: desk.clock.now()
            )
            try await settlement.database.write { try $0.insert(sold) }
        }
        let bought = IncomingTransfer(
            naturalKey: desk.transfer(amount, for: option, number: 1_000 + number).naturalKey,
            reference: PaymentReference(scope: PaidMedia.referenceScope, value: media.text),
            amount: amount,
            payer: "1",
            refundTarget: "1",
            evidence: "{}",
            occurredAt: desk.clock.now(),
            availableAt: desk.clock.now()
        )
        _ = try await settlement.record(.incoming(bought), at: provider)
    }

    /// Delivers an action of a customer on the page or in a chat.
    private func meetFront(_ amount: Amount) async throws -> Bool? {
        let (front, bot) = (market.front, try #require(provider.bot))
        switch way {
        case .initData, .thirdPartyData:
            return try await front.opens(page, by: bot, isThirdParty: way == .thirdPartyData)
        case .paysupport, .paysupportWithNumber:
            let command = way == .paysupport ? "/paysupport" : "/paysupport \(charge)"
            return try await front.answer(to: command, of: number, by: bot).contains(charge)
        case .notice:
            let paid = Self.charged(amount, for: option, user: number, at: desk.clock.now())
            _ = try await settlement.record(.incoming(paid), at: provider)
            return try await front.notices(by: bot).contains(Self.title(number))
        case .walletSession: return try await front.opensWallet(page, for: option)
        default:
            let answer = try await front.answer(to: "/terms", of: number, by: bot)
            #expect(answer == "The terms: https://\(bot).example/terms")
            return nil
        }
    }

    /// Gives an unmatched payment to the target, by a claim of its payer or by the operator.
    private func takeUnmatched(_ amount: Amount) async throws {
        let owner = "owner \(number)"
        let lost = desk.transfer(amount, for: nil, number: 2_000 + number, payer: owner)
        _ = try await settlement.record(.incoming(lost), at: provider)
        let invoice = target?.invoice.invoice.id ?? InvoiceID(value: 999)
        if way == .assignedCase {
            let open = try await settlement.database.read { session in
                try session.cases(of: nil, state: .open, in: Page(limit: 1)).first
            }
            let request = CaseRequest(try #require(open).id, .assign(invoice))
            _ = try? await settlement.resolveCase(request, by: settlement.operatorMerchant)
        } else {
            let merchant = way == .claim ? target?.merchant ?? desk.merchant : market.asker(relation)
            _ = try? await settlement.claim(ClaimRequest(for: invoice, of: merchant, from: owner, at: provider))
        }
    }
}
