import Cryptography
import FixtureTON
import HTTPMessages
import Money
import Payments
import ProviderTON
import Providers
import Seams
import TON
import Testing

@Suite("The scan of a TON account")
struct TONScanTests {
    private func paidThrice() async throws -> Rail {
        let rail = try Rail()
        for number in 0..<3 {
            try rail.chain.pay(1_000_000_000, to: rail.provider.walletAddress, comment: "\(number)", by: "alice")
            try rail.chain.settle()
        }
        return rail
    }

    private func code(_ rail: Rail, after position: String? = nil) async -> ProviderError.Code? {
        do {
            _ = try await rail.scan(rail.coin, after: position)
            return nil
        } catch { return (error as? ProviderError)?.code }
    }

    @Test("states when a payment was made and how far it has read, however long the node was away")
    func inTime() async throws {
        let rail = try Rail()
        let wallet = rail.provider.walletAddress
        let position = try await rail.scan(rail.coin).position
        let end = rail.clock.now().advanced(by: .seconds(600))
        rail.clock.advance(by: .seconds(543))
        try rail.chain.pay(1_000_000_000, to: wallet, comment: "order", by: "alice")
        try rail.chain.settle()
        var away = FixtureTON.Faults()
        away.failures = 1_000
        rail.chain.set(away)
        for _ in 0..<3 {
            rail.clock.advance(by: .seconds(3_600))
            // Nothing is known, so no invoice may end.
            #expect(await code(rail, after: position) == .unavailable)
        }
        rail.chain.set(.init())
        // The node's last block is old, so it cannot prove that no payment came.
        #expect(await code(rail, after: position) == .lagging)
        try rail.chain.mine()
        let page = try await rail.scan(rail.coin, after: position)
        let paid = try #require(page.observations.compactMap(\.incoming).first)
        #expect(end.since(paid.occurredAt) == .seconds(57))
        #expect(try #require(page.completeUntil) > end)
    }

    @Test("goes on from its position, and stays there when the account has no news")
    func position() async throws {
        let rail = try await paidThrice()
        let page = try await rail.scan(rail.coin)
        #expect(page.observations.compactMap(\.incoming).count == 3)
        let again = try await rail.scan(rail.coin, after: page.position)
        #expect(again.observations.isEmpty && again.position == page.position)
        try rail.chain.pay(1, to: rail.provider.walletAddress, comment: "3", by: "bob")
        try rail.chain.settle()
        let news = try await rail.scan(rail.coin, after: page.position)
        #expect(news.observations.compactMap(\.incoming).map { $0.reference?.value } == ["3"])
    }

    @Test("stops at a gap, a lie, an empty answer and a node that is behind its position")
    func stops() async throws {
        let rail = try await paidThrice()
        let position = try await rail.scan(rail.coin).position
        var faults = FixtureTON.Faults()
        faults.hasGaps = true
        rail.chain.set(faults)
        #expect(await code(rail) == .gap)
        faults = .init()
        faults.liesAboutHashes = true
        rail.chain.set(faults)
        #expect(await code(rail) == .malformed)
        faults = .init()
        faults.emptyPages = 1
        rail.chain.set(faults)
        #expect(await code(rail) == .unavailable)
        faults = .init()
        faults.lag = 3
        rail.chain.set(faults)
        #expect(await code(rail, after: position) == .lagging)
        rail.chain.set(.init())
        rail.clock.advance(by: .seconds(121))
        #expect(await code(rail) == .lagging)
        #expect(await code(rail, after: "nonsense") == .lagging)
    }

    @Test("reads wallets of single options, which need no comment")
    func derived() async throws {
        let rail = try Rail(deposit: .derived)
        let due = Amount(asset: rail.coin, units: 5)
        func open(_ number: UInt128) async throws -> OpenedOption {
            try await rail.provider.open(
                OpenRequest(option: PaymentOptionID(value: number), invoice: Self.invoice(due), due: due)
            )
        }
        let (first, second) = (try await open(1), try await open(2))
        #expect(first.reference != second.reference)
        #expect(try await open(1) == first)
        guard case .deposit(let address, let comment, _) = first.instruction else { return }
        #expect(comment == nil)
        try rail.chain.pay(5, to: TONAddress(address), comment: nil, by: "alice")
        try rail.chain.settle()
        let page = try await rail.provider.page(of: first.accounts[0], after: nil, watching: HandedOut())
        #expect(page.observations.compactMap(\.incoming).map(\.reference) == [first.reference])
    }

    static func invoice(_ price: Amount) -> Invoice {
        Invoice(
            id: InvoiceID(value: 1),
            merchant: MerchantID(value: 1),
            reference: nil,
            title: "t",
            summary: "s",
            goods: .physical,
            price: price,
            createdAt: Timestamp(seconds: 0),
            expiresAt: Timestamp(seconds: 1),
            monitoredUntil: Timestamp(seconds: 2),
            status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
        )
    }
}
