import Checkout
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("Merchants whom a bot serves")
struct ServedMerchantsTests {
    /// A merchant with a bot of its own, one without, and their invoices.
    private func world() async throws -> (Desk, own: InvoiceWithOptions, other: InvoiceWithOptions) {
        let desk = try await Desk(provider: { ScriptedProvider(asset: $0, bot: "operators") })
        let own = ScriptedProvider(asset: desk.coin.id, key: "own", bot: "own")
        try desk.settlement.providers.put(own, of: desk.merchant, isOffered: true)
        let (other, now) = (MerchantID(value: 9), desk.clock.now())
        try await desk.settlement.database.write { session in
            try session.insert(MerchantRecord(id: other, name: "m", feeBasisPoints: 0, createdAt: now))
        }
        let request = InvoiceRequest(title: "t", summary: "s", goods: .physical, price: try desk.amount("1"))
        return (
            desk, try await desk.openInvoice(),
            try await desk.settlement.openInvoice(request, for: other, id: InvoiceID(value: 2))
        )
    }

    @Test("are those named for it, when the bot takes no money; it serves nobody when none is named")
    func table() async throws {
        let (desk, own, other) = try await world()
        let (first, second) = (own.invoice.merchant, other.invoice.merchant)
        let silent: [CheckoutTrust.Signer] = [.bot("app"), .thirdParty(21)]
        typealias Row = (named: [Int64: Set<ServedMerchants.Named>], own: Bool, other: Bool)
        let rows: [Row] = [
            ([:], false, false), ([21: []], false, false), ([20: [.all], 22: [.all]], false, false),
            ([21: [.all]], false, true), ([21: [.merchant(first)]], true, false),
            ([21: [.merchant(second)]], false, true),
            ([21: [.merchant(first), .merchant(second)]], true, true), ([21: [.all, .merchant(first)]], true, true),
        ]
        for row in rows {
            let served = ServedMerchants(
                by: desk.settlement.providers,
                named: row.named,
                number: { ["app": 21, "own": 11, "operators": 13][$0] }
            )
            for signer in silent {
                #expect(served.include(own.merchant, at: own.options, of: signer) == row.own, "\(signer) \(row.named)")
                #expect(
                    served.include(other.merchant, at: other.options, of: signer) == row.other,
                    "\(signer) \(row.named)"
                )
            }
            // Bots that take money serve the merchants of their providers, whoever is named.
            for (bot, isOwn, isOther) in [("own", true, false), ("operators", false, true), ("unknown", false, false)] {
                #expect(served.include(own.merchant, at: own.options, of: .bot(bot)) == isOwn, "\(bot)")
                #expect(served.include(other.merchant, at: other.options, of: .bot(bot)) == isOther, "\(bot)")
            }
        }
    }

    @Test("are still those with options at a withdrawn bot, and naming the bot adds none")
    func withdrawn() async throws {
        let (desk, own, other) = try await world()
        let provider = ScriptedProvider(asset: desk.coin.id, key: "own", bot: "own")
        try desk.settlement.providers.put(provider, of: desk.merchant, isOffered: false)
        let served = ServedMerchants(by: desk.settlement.providers, named: [11: [.all]], number: { _ in 11 })
        #expect(served.include(own.merchant, at: own.options, of: .bot("own")))
        #expect(!served.include(own.merchant, at: [], of: .bot("own")), "a withdrawn bot may not vouch for new orders")
        #expect(!served.include(other.merchant, at: other.options, of: .bot("own")))
    }
}

extension InvoiceWithOptions {
    fileprivate var merchant: MerchantID { invoice.merchant }
}
