import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("Every way in, by every provider")
struct WaysInTests {
    /// What the way needs to be there before; nil when nothing is named.
    private func target(_ way: WayIn, _ relation: Relation, number: Int, _ market: Market) async throws -> Target? {
        guard let (merchant, provider) = market.owner(relation) else { return nil }
        let (desk, settlement) = (market.desk, market.desk.settlement)
        var invoice: InvoiceWithOptions
        if way == .subscriptionChange || way == .subscriptionRenewal {
            let request = SubscriptionRequest(title: Self.title(number), summary: "s", price: try desk.amount("1.5"))
            let id = SubscriptionID(value: UInt128(number))
            invoice = try await settlement.openSubscription(request, for: merchant, id: id).first
        } else {
            var request = InvoiceRequest(
                title: Self.title(number),
                summary: "s",
                goods: .physical,
                price: try desk.amount("1.5")
            )
            request.lifetime = .seconds(600)
            invoice = try await settlement.openInvoice(request, for: merchant, id: InvoiceID(value: UInt128(number)))
        }
        #expect(invoice.options.map(\.provider) == [provider.key])
        if [.paysupport, .paysupportWithNumber].contains(way) {
            let due = invoice.options[0].due
            let paid = transfer(due, for: invoice.options[0].id, Self.charge(number), by: number, market)
            _ = try await settlement.record(.incoming(paid), at: provider)
        }
        if [.refund, .vanished, .subscriptionChange, .subscriptionRenewal].contains(way) {
            let paid = desk.transfer(invoice.options[0].due, for: invoice.options[0].id, number: number)
            _ = try await settlement.record(.incoming(paid), at: provider)
        }
        return Target(merchant: merchant, provider: provider, invoice: invoice)
    }

    private static func title(_ number: Int) -> String { "order \(number)." }

    private static func charge(_ number: Int) -> String { "charge-\(number)-" }

    /// What a Telegram user pays.
    private func transfer(
        _ amount: Amount,
        for option: PaymentOptionID,
        _ charge: String,
        by user: Int,
        _ market: Market
    ) -> IncomingTransfer {
        IncomingTransfer(
            naturalKey: NaturalKey("telegram", "test", charge, "in"),
            reference: ScriptedProvider.reference(option),
            amount: amount,
            payer: "\(user)",
            refundTarget: nil,
            evidence: "{}",
            occurredAt: market.desk.clock.now(),
            availableAt: market.desk.clock.now()
        )
    }

    /// The invoice on whose page something is named: the one that it is about, or one of who asks.
    private func page(
        _ way: WayIn,
        _ relation: Relation,
        about target: Target?,
        _ market: Market
    ) async throws
        -> InvoiceID
    {
        let nowhere = InvoiceID(value: 999)
        guard way == .walletSession, !relation.mayTouch else { return target?.invoice.invoice.id ?? nowhere }
        let price = try market.desk.amount("1.5")
        let request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: price)
        let id: InvoiceID = market.desk.settlement.identifiers.next()
        return try await market.desk.settlement.openInvoice(request, for: market.asker(relation), id: id).invoice.id
    }

    /// Has something come by a provider that names the target.
    ///
    /// - Returns: whether a question was agreed to, or what is named was spoken of; nil where nothing is asked.
    private func come(
        _ way: WayIn,
        _ relation: Relation,
        naming target: Target?,
        on page: InvoiceID,
        number: Int,
        _ market: Market
    ) async throws -> Bool? {
        let provider = market.provider(relation)
        let (front, bot) = (market.front, try #require(provider.bot))
        let (desk, settlement) = (market.desk, market.desk.settlement)
        let amount = try desk.amount("1.5")
        let unknown = PaymentOptionID(value: 999)
        let reference = target?.reference ?? ScriptedProvider.reference(unknown)
        let new = desk.transfer(amount, for: target?.option.id ?? unknown, number: 1_000 + number)
        let old = NaturalKey("test", "\(number)")
        let account = ScanAccount(account: "account \(number)", subject: "coin")
        func ask(_ topic: ApprovalRequest.Topic) async -> Bool {
            let question = ApprovalRequest(id: "q\(number)", reference: reference, payer: "1", topic: topic)
            if case .refused = await settlement.decide(question, of: provider) { return false }
            return true
        }
        switch way {
        case .payment: _ = try await settlement.record(.incoming(new), at: provider)
        case .scannedPayment:
            let page = ScanPage(observations: [.incoming(new)], position: "1", hasMore: false, completeUntil: nil)
            try await settlement.record(page, of: account, at: provider, after: nil)
        case .sighting:
            var page = ScanPage(observations: [], position: "1", hasMore: false, completeUntil: nil)
            page.sightings = [Sighting(transfer: new, confirmations: 0, required: 1)]
            try await settlement.record(page, of: account, at: provider, after: nil)
        case .refund:
            let key = NaturalKey("test", "\(number) out")
            // A return of what is not known is tried again later.
            _ = try? await settlement.record(
                .refunded(naturalKey: key, payment: old, amount: amount, at: desk.clock.now()),
                at: provider
            )
        case .vanished: _ = try await settlement.record(.vanished(old, at: desk.clock.now()), at: provider)
        case .preCheckout: return await ask(.payment(amount: amount))
        case .shipping: return await ask(.shipping(address: "{}"))
        case .subscriptionChange:
            _ = try await settlement.changeSubscription(reference, by: .canceled, at: provider)
        case .subscriptionRenewal: _ = try await settlement.record(.incoming(new), at: provider)
        case .paidMedia:
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
                naturalKey: new.naturalKey,
                reference: PaymentReference(scope: PaidMedia.referenceScope, value: media.text),
                amount: amount,
                payer: "1",
                refundTarget: "1",
                evidence: "{}",
                occurredAt: desk.clock.now(),
                availableAt: desk.clock.now()
            )
            _ = try await settlement.record(.incoming(bought), at: provider)
        case .initData, .thirdPartyData:
            return try await front.opens(page, by: bot, isThirdParty: way == .thirdPartyData)
        case .paysupport, .paysupportWithNumber:
            let command = way == .paysupport ? "/paysupport" : "/paysupport \(Self.charge(number))"
            return try await front.answer(to: command, of: number, by: bot).contains(Self.charge(number))
        case .terms:
            #expect(
                try await front.answer(to: "/terms", of: number, by: bot) == "The terms: https://\(bot).example/terms"
            )
        case .notice:
            let paid = transfer(amount, for: target?.option.id ?? unknown, Self.charge(number), by: number, market)
            _ = try await settlement.record(.incoming(paid), at: provider)
            return try await front.notices(by: bot).contains(Self.title(number))
        case .walletSession: return try await front.opensWallet(page, for: target?.option.id ?? unknown)
        case .claim, .claimByOther, .assignedCase:
            let owner = "owner \(number)"
            let lost = desk.transfer(amount, for: nil, number: 2_000 + number, payer: owner)
            _ = try await settlement.record(.incoming(lost), at: provider)
            let invoice = target?.invoice.invoice.id ?? InvoiceID(value: 999)
            if way != .assignedCase {
                let merchant = way == .claim ? target?.merchant ?? desk.merchant : market.asker(relation)
                _ = try? await settlement.claim(for: invoice, of: merchant, from: owner, at: provider)
            } else {
                let open = try await settlement.database.read { session in
                    try session.cases(of: nil, state: .open, in: Page(limit: 1)).first
                }
                let request = CaseRequest(try #require(open).id, .assign(invoice))
                _ = try? await settlement.resolveCase(request, by: settlement.operatorMerchant)
            }
        }
        return nil
    }

    /// Nobody sees anything any more.
    private func forget(number: Int, _ market: Market) async throws {
        for provider in [market.first, market.second, market.desk.provider] {
            var page = ScanPage(observations: [], position: "1", hasMore: false, completeUntil: nil)
            page.sightings = []
            let account = ScanAccount(account: "after \(number)", subject: "coin")
            try await market.desk.settlement.record(page, of: account, at: provider, after: nil)
        }
    }

    @Test(
        "touches what was opened at the provider by which it comes, and nothing else",
        arguments: WayIn.allCases,
        Engine.allCases
    )
    func table(way: WayIn, engine: Engine) async throws {
        let market = try await Market(on: engine)
        for (number, relation) in Relation.allCases.enumerated() {
            let target = try await target(way, relation, number: number + 1, market)
            let page = try await page(way, relation, about: target, market)
            let before = try await market.snapshot()
            let isAgreed = try await come(way, relation, naming: target, on: page, number: number + 1, market)
            let after = try await market.snapshot()
            let touched = Set(after.keys).union(before.keys).filter { before[$0] != after[$0] }
            let expected = relation.mayTouch && way.changes ? target.map { Set([$0.merchant.text]) } ?? [] : []
            #expect(touched == expected, "\(way) \(relation)")
            if let isAgreed { #expect(isAgreed == relation.mayTouch, "\(way) \(relation)") }
            // A provider tells all that it sees at once: what it saw in this row is not what it sees in the next one.
            if way == .sighting { try await forget(number: number + 1, market) }
        }
        #expect(try await market.desk.booksHold())
    }
}
