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
    /// Opens the target of a way; nil when it names nothing.
    private func target(
        _ way: EntryPoint,
        _ relation: Relation,
        number: Int,
        _ market: ThreeTenants
    ) async throws -> Target? {
        guard let (merchant, provider) = market.owner(relation) else { return nil }
        let (desk, settlement) = (market.desk, market.desk.settlement)
        var invoice: InvoiceWithOptions
        if way == .subscriptionChange || way == .subscriptionRenewal {
            let request = SubscriptionRequest(
                title: ArrivingMessage.title(number),
                summary: "s",
                price: try desk.amount("1.5")
            )
            let id = SubscriptionID(value: UInt128(number))
            invoice = try await settlement.openSubscription(request, for: merchant, id: id).first
        } else {
            var request = InvoiceRequest(
                title: ArrivingMessage.title(number),
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
            let paid = ArrivingMessage.charged(due, for: invoice.options[0].id, user: number, at: desk.clock.now())
            _ = try await settlement.record(.incoming(paid), at: provider)
        }
        if [.refund, .vanished, .subscriptionChange, .subscriptionRenewal].contains(way) {
            let paid = desk.transfer(invoice.options[0].due, for: invoice.options[0].id, number: number)
            _ = try await settlement.record(.incoming(paid), at: provider)
        }
        return Target(merchant: merchant, provider: provider, invoice: invoice)
    }

    /// The invoice whose page is used: the target's, or for a foreign wallet session one of the asking merchant.
    private func page(
        _ way: EntryPoint,
        _ relation: Relation,
        about target: Target?,
        _ market: ThreeTenants
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

    /// Removes all sightings.
    private func forget(number: Int, _ market: ThreeTenants) async throws {
        for provider in [market.first, market.second, market.desk.provider] {
            var page = ScanPage(observations: [], position: "1", hasMore: false, completeUntil: nil)
            page.sightings = []
            let account = ScanAccount(account: "after \(number)", subject: "coin")
            try await market.desk.settlement.record(page, of: account, at: provider, after: nil)
        }
    }

    @Test(
        "reaches only options opened at the delivering provider",
        arguments: EntryPoint.allCases,
        Engine.allCases
    )
    func table(way: EntryPoint, engine: Engine) async throws {
        let market = try await ThreeTenants(on: engine)
        for (number, relation) in Relation.allCases.enumerated() {
            let target = try await target(way, relation, number: number + 1, market)
            let page = try await page(way, relation, about: target, market)
            let before = try await market.snapshot()
            let coming = ArrivingMessage(
                way: way,
                relation: relation,
                target: target,
                page: page,
                number: number + 1,
                market: market
            )
            let isAgreed = try await coming.play()
            let after = try await market.snapshot()
            let touched = Set(after.keys).union(before.keys).filter { before[$0] != after[$0] }
            let expected = relation.mayTouch && way.changes ? target.map { Set([$0.merchant.text]) } ?? [] : []
            #expect(touched == expected, "\(way) \(relation)")
            if let isAgreed { #expect(isAgreed == relation.mayTouch, "\(way) \(relation)") }
            // A page states all sightings of its provider, so those of this row have to go before the next one.
            if way == .sighting { try await forget(number: number + 1, market) }
        }
        #expect(try await market.desk.booksHold())
    }
}
