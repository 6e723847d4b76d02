import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Testing

@testable import Storage

/// How something comes from a rail, or from whom it names, and may touch an order.
enum WayIn: String, CaseIterable, Sendable {
    case payment, scannedPayment, sighting, refund, vanished
    case preCheckout, shipping, subscriptionChange, subscriptionRenewal, paidMedia
    case claim, assignedCase

    /// The way of each kind of observation: another kind does not compile without one.
    init?(_ observation: Observation) {
        switch observation {
        case .incoming: self = .payment
        case .refunded: self = .refund
        case .vanished: self = .vanished
        // They name nothing of a merchant's.
        case .movement, .sent, .uncertain, .ignored, .setAside: return nil
        @unknown default: return nil
        }
    }

    /// The way of each kind of pushed message.
    init?(_ message: PushedMessage) {
        switch message {
        case .question(let question):
            switch question.topic {
            case .payment: self = .preCheckout
            case .shipping: self = .shipping
            }
        case .observation(let observation): self.init(observation)
        case .subscription: self = .subscriptionChange
        case .nothing: return nil
        }
    }
}

/// By whose provider it comes, and where what it names was opened.
enum Relation: String, CaseIterable, Sendable {
    /// At the merchant's own provider, by which it comes.
    case own
    /// At the operator's provider, by which it comes: another merchant's who is served by it.
    case otherMerchant
    /// At a merchant's own provider; it comes by another merchant's.
    case otherBot
    /// At a merchant's own provider; it comes by the operator's.
    case byTheOperators
    /// At the operator's provider; it comes by a merchant's own.
    case atTheOperators
    /// Nowhere.
    case none

    /// Whether what is named may be touched.
    var mayTouch: Bool { self == .own || self == .otherMerchant }
}

@Suite("Every way in, by every provider")
struct WaysInTests {
    /// Three providers over one database: the operator's, and two merchants' own.
    private struct Market {
        let desk: Desk
        let first: ScriptedProvider
        let second: ScriptedProvider
        let served = MerchantID(value: 9)
        var others: [MerchantID] { [MerchantID(value: 8), served] }

        init(on engine: Engine) async throws {
            desk = try await Desk(on: engine)
            first = ScriptedProvider(asset: desk.coin.id, key: "first")
            second = ScriptedProvider(asset: desk.coin.id, key: "second")
            desk.settlement.providers.put(first, of: desk.merchant, isOffered: true)
            desk.settlement.providers.put(second, of: MerchantID(value: 8), isOffered: true)
            let (others, now) = (others, desk.clock.now())
            try await desk.settlement.database.write { session in
                for id in others {
                    try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
                }
            }
        }

        /// By whom it comes.
        func provider(_ relation: Relation) -> ScriptedProvider {
            switch relation {
            case .own, .atTheOperators, .none: first
            case .otherBot: second
            case .otherMerchant, .byTheOperators: desk.provider
            }
        }

        /// Whose what is named is, and where it was opened.
        func owner(_ relation: Relation) -> (merchant: MerchantID, provider: ScriptedProvider)? {
            switch relation {
            case .own, .otherBot, .byTheOperators: (desk.merchant, first)
            case .otherMerchant, .atTheOperators: (served, desk.provider)
            case .none: nil
            }
        }

        /// All that merchants have, by merchant.
        func snapshot() async throws -> [String: [String]] {
            let queries = [
                "SELECT i.merchant, i.id || ' ' || i.state || ' ' || i.received FROM invoices i ORDER BY i.id",
                """
                SELECT p.merchant, p.id || ' ' || p.state || ' ' || p.classification FROM payments p
                WHERE p.merchant IS NOT NULL ORDER BY p.id
                """,
                "SELECT i.merchant, s.natural_key FROM sightings s JOIN invoices i ON i.id = s.invoice ORDER BY i.id",
                "SELECT i.merchant, a.question FROM approvals a JOIN invoices i ON i.id = a.invoice ORDER BY i.id",
                "SELECT s.merchant, s.id || ' ' || s.state FROM subscriptions s ORDER BY s.id",
                "SELECT o.merchant, o.id || ' ' || o.state FROM outgoing o ORDER BY o.id",
            ]
            return try await desk.settlement.database.read { session in
                var found: [String: [String]] = [:]
                for query in queries {
                    for row in try session.query(query, []) {
                        var row = row
                        let merchant = try row.text()
                        found[merchant, default: []].append(try row.text())
                    }
                }
                return found
            }
        }
    }

    private struct Target {
        let merchant: MerchantID
        let provider: ScriptedProvider
        let invoice: InvoiceWithOptions
        var option: PaymentOption { invoice.options[0] }
        var reference: PaymentReference { ScriptedProvider.reference(option.id) }
    }

    /// What the way needs to be there before; nil when nothing is named.
    private func target(_ way: WayIn, _ relation: Relation, number: Int, _ market: Market) async throws -> Target? {
        guard let (merchant, provider) = market.owner(relation) else { return nil }
        let (desk, settlement) = (market.desk, market.desk.settlement)
        var invoice: InvoiceWithOptions
        if way == .subscriptionChange || way == .subscriptionRenewal {
            let request = SubscriptionRequest(title: "t", summary: "s", price: try desk.amount("1.5"))
            let id = SubscriptionID(value: UInt128(number))
            invoice = try await settlement.openSubscription(request, for: merchant, id: id).first
        } else {
            var request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1.5"))
            request.lifetime = .seconds(600)
            invoice = try await settlement.openInvoice(request, for: merchant, id: InvoiceID(value: UInt128(number)))
        }
        #expect(invoice.options.map(\.provider) == [provider.key])
        if [.refund, .vanished, .subscriptionChange, .subscriptionRenewal].contains(way) {
            let paid = desk.transfer(invoice.options[0].due, for: invoice.options[0].id, number: number)
            _ = try await settlement.record(.incoming(paid), at: provider)
        }
        return Target(merchant: merchant, provider: provider, invoice: invoice)
    }

    /// Has something come by a provider that names the target.
    ///
    /// - Returns: whether a question was agreed to; nil where nothing is asked.
    private func come(
        _ way: WayIn,
        by provider: ScriptedProvider,
        naming target: Target?,
        number: Int,
        _ market: Market
    ) async throws -> Bool? {
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
        case .claim, .assignedCase:
            let owner = "owner \(number)"
            let lost = desk.transfer(amount, for: nil, number: 2_000 + number, payer: owner)
            _ = try await settlement.record(.incoming(lost), at: provider)
            let invoice = target?.invoice.invoice.id ?? InvoiceID(value: 999)
            if way == .claim {
                let merchant = target?.merchant ?? desk.merchant
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
            let before = try await market.snapshot()
            let isAgreed = try await come(
                way,
                by: market.provider(relation),
                naming: target,
                number: number + 1,
                market
            )
            let after = try await market.snapshot()
            let touched = Set(after.keys).union(before.keys).filter { before[$0] != after[$0] }
            let expected = relation.mayTouch && way != .shipping ? target.map { Set([$0.merchant.text]) } ?? [] : []
            #expect(touched == expected, "\(way) \(relation)")
            if let isAgreed { #expect(isAgreed == relation.mayTouch, "\(way) \(relation)") }
            // A provider tells all that it sees at once: what it saw in this row is not what it sees in the next one.
            if way == .sighting { try await forget(number: number + 1, market) }
        }
        #expect(try await market.desk.booksHold())
    }
}
