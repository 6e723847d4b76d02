import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("A provider's messages count only for options opened there")
struct TenancyTests {
    /// Another merchant's provider over the same database.
    private func neighbour(of desk: Desk) -> ScriptedProvider {
        ScriptedProvider(asset: desk.coin.id, key: "neighbour")
    }

    private func reasons(_ desk: Desk) async throws -> [ExceptionCase] {
        try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10))
        }
    }

    private func state(_ opened: InvoiceWithOptions, _ desk: Desk) async throws -> InvoiceStateMachine.State? {
        try await desk.settlement.database.read { try $0.invoice(opened.invoice.id)?.status.state }
    }

    @Test(
        "a payment that names another provider's option is unmatched, and only the operator reads whose option it is",
        arguments: Engine.allCases
    )
    func money(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        let neighbour = neighbour(of: desk)
        let recorded = try await desk.settlement.record(.incoming(transfer), at: neighbour)
        guard case .payment(let id, .unmatched) = recorded else {
            Issue.record("the foreign payment is \(recorded)")
            return
        }
        #expect(try await state(opened, desk) == .new)
        let open = try #require(try await reasons(desk).first)
        #expect(open.reason == .foreignReference && open.payment == id && open.merchant == nil)
        #expect(open.detail?.contains(opened.invoice.id.text) == true && open.detail?.contains("scripted") == true)
        #expect(try await desk.held("suspense") == "1.5")
        // The same natural key at the option's own provider is another payment, also when it comes second.
        #expect(try await desk.receive(transfer) != .repetition)
        #expect(try await state(opened, desk) == .settled)
        #expect(try await desk.settlement.record(.incoming(transfer), at: neighbour) == .repetition)
        #expect(try await desk.booksHold())
    }

    @Test("a return that a provider reports changes no payment of another provider", arguments: Engine.allCases)
    func refunds(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        try await desk.receive(transfer)
        let before = try await desk.held("merchant_balance")
        let refunded = Observation.refunded(
            naturalKey: NaturalKey("test", "1 out"),
            payment: transfer.naturalKey,
            amount: transfer.amount,
            at: desk.clock.now()
        )
        #expect(try await desk.settlement.record(refunded, at: neighbour(of: desk)) == .booked)
        #expect(try await desk.held("merchant_balance") == before)
        #expect(try await reasons(desk).map(\.reason) == [.foreignReference])
        // The same return at the right provider is still new.
        #expect(try await desk.settlement.record(refunded, at: desk.provider) == .booked)
        #expect(try await desk.held("merchant_balance") != before)
        #expect(try await desk.booksHold())
    }

    @Test(
        "a payment or movement that a provider takes back changes nothing of another provider",
        arguments: Engine.allCases
    )
    func undoing(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        try await desk.receive(transfer)
        let vanished = Observation.vanished(transfer.naturalKey, at: desk.clock.now())
        #expect(try await desk.settlement.record(vanished, at: neighbour(of: desk)) == .repetition)
        #expect(try await state(opened, desk) == .settled)
        let movement = AccountMovement(
            naturalKey: NaturalKey("test", "fee"),
            kind: .unexplained,
            amount: try desk.amount("1"),
            reason: "",
            occurredAt: desk.clock.now()
        )
        #expect(try await desk.settlement.record(.movement(movement), at: desk.provider) == .booked)
        let gone = Observation.vanished(movement.naturalKey, at: desk.clock.now())
        #expect(try await desk.settlement.record(gone, at: neighbour(of: desk)) == .repetition)
        #expect(try await desk.held("suspense") == "1")
        #expect(try await desk.booksHold())
    }

    @Test("the database refuses a reference at another provider than its option's", arguments: Engine.allCases)
    func database(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let (option, invoice) = (SQLValue.blob(opened.options[0].id.bytes), SQLValue.blob(opened.invoice.id.bytes))
        let statements: [(String, [SQLValue])] = [
            (
                """
                INSERT INTO payment_references (provider, scope, value, book, option)
                SELECT 'neighbour', 's', 'v', o.book, o.id FROM payment_options o WHERE o.id = $1
                """,
                [option]
            ),
            ("UPDATE payment_references SET provider = 'neighbour' WHERE option = $1", [option]),
            (
                """
                INSERT INTO sightings (book, provider, natural_key, option, invoice, asset, amount, confirmations, required,
                occurred_at) SELECT o.book, 'neighbour', 'k', o.id, $2, 'a', $3, 0, 1, 1 FROM payment_options o
                WHERE o.id = $1
                """,
                [option, invoice, .units(1)]
            ),
        ]
        for (statement, values) in statements {
            await #expect(throws: StorageError.self, "\(statement)") {
                try await desk.settlement.database.write { try $0.execute(statement, values) }
            }
        }
    }
}
