import BigInt
import Cryptography
import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Testing

@Suite("An observation that cannot be read or booked, on each engine")
struct SetAsideTests {
    private static let huge = Int256(exactly: BigInt(1) << 254) ?? .zero

    /// Observations that cannot be recorded, by their fault.
    enum Hostile: String, CaseIterable, CustomTestStringConvertible {
        case unread
        case zeroInPayer
        case zeroInRefundTarget
        case zeroInEvidence
        case zeroInReference
        case zeroInReason
        case zeroInNote
        case sumBeyondAnAccount
        case mostNegative

        var testDescription: String { rawValue }

        func observations(_ desk: Desk) throws -> [Observation] {
            let coin = desk.coin.id
            let key = NaturalKey("hostile", rawValue)
            func incoming(
                payer: String = "p",
                target: String = "t",
                evidence: String = "{}",
                reference: String = "r"
            )
                -> Observation
            {
                .incoming(
                    IncomingTransfer(
                        naturalKey: key,
                        reference: PaymentReference(scope: "scripted", value: reference),
                        amount: Amount(asset: coin, units: 5),
                        payer: payer,
                        refundTarget: target,
                        evidence: evidence,
                        occurredAt: desk.clock.now(),
                        availableAt: desk.clock.now()
                    )
                )
            }
            func movement(_ name: String, _ units: Int256, reason: String = "why") -> Observation {
                .movement(
                    AccountMovement(
                        naturalKey: NaturalKey("hostile", rawValue, name),
                        kind: .unexplained,
                        amount: Amount(asset: coin, units: units),
                        reason: reason,
                        occurredAt: desk.clock.now()
                    )
                )
            }
            switch self {
            case .unread:
                let found = SetAside(
                    naturalKey: key,
                    account: "account\0",
                    asset: coin,
                    units: String(repeating: "9", count: 78),
                    cause: .tooLarge,
                    explanation: "more than an amount can be\0",
                    occurredAt: desk.clock.now()
                )
                return [.setAside(found, bytes: [UInt8](repeating: 0, count: SetAside.byteLimit + 1))]
            case .zeroInPayer: return [incoming(payer: "\0")]
            case .zeroInRefundTarget: return [incoming(target: "a\0")]
            case .zeroInEvidence: return [incoming(evidence: "{\"a\": \"\0\"}")]
            case .zeroInReference: return [incoming(reference: "\0")]
            case .zeroInReason: return [movement("reason", 5, reason: "a\0b")]
            case .zeroInNote: return [.ignored(naturalKey: key, reason: "\0")]
            case .sumBeyondAnAccount:
                return [movement("first", SetAsideTests.huge), movement("second", SetAsideTests.huge)]
            case .mostNegative:
                let least = SetAsideTests.huge.negatedReportingOverflow().partialValue
                return [
                    movement(
                        "least",
                        least.addingReportingOverflow(least).partialValue
                    )
                ]
            }
        }
    }

    private func record(
        _ observations: [Observation],
        at desk: Desk,
        after position: String?,
        to next: String
    )
        async throws -> [RecordedObservation]
    {
        try await desk.settlement.record(
            ScanPage(observations: observations, position: next, hasMore: false, completeUntil: desk.clock.now()),
            of: ScanAccount(account: "account", subject: "coin"),
            at: desk.provider,
            after: position
        )
    }

    private func position(_ desk: Desk) async throws -> String? {
        try await desk.settlement.database.read { session in
            try session.scanPosition(provider: desk.provider.key, account: "account", subject: "coin")
        }
    }

    @Test(
        "is set aside with a case, wherever it is in a page, and the others are recorded",
        arguments: Engine.allCases,
        Hostile.allCases
    )
    func nothingElseWaits(engine: Engine, hostile: Hostile) async throws {
        for place in 0...2 {
            let desk = try await Desk(on: engine)
            let opened = try await desk.openInvoice()
            let coin = try desk.amount("1.5")
            var page: [Observation] = [
                .incoming(desk.transfer(coin, for: opened.options[0].id, number: 1)),
                .incoming(desk.transfer(coin, for: nil, number: 2)),
            ]
            let found = try hostile.observations(desk)
            page.insert(contentsOf: found, at: place)
            let recorded = try await record(page, at: desk, after: nil, to: "1")
            #expect(recorded.count { $0 == .setAside } == 1)
            #expect(recorded.count { if case .payment = $0 { true } else { false } } == 2)
            #expect(try await position(desk) == "1")
            #expect(try await desk.booksHold())
            let settled = try await desk.settlement.invoice(opened.invoice.id, of: desk.merchant).invoice
            #expect(settled.status.state == .settled)
            let (open, count) = try await desk.settlement.database.read { session in
                (try session.cases(of: nil, state: .open, in: Page(limit: 10)), try session.setAsideCount())
            }
            let about = open.filter { $0.reason == .unreadable }
            #expect(about.count == 1 && count == 1)
            #expect(about.first?.setAside != nil && about.first?.amount == nil)
            let json = try desk.settlement.representation.json(try #require(about.first))
            #expect(json["set_aside"]?["cause"]?.stringValue != nil)

            // The same page again changes nothing.
            let again = try await record(page, at: desk, after: "1", to: "2")
            #expect(again.allSatisfy { $0 == .repetition })

            // The case can only be closed.
            let id = try #require(about.first).id
            let operatorMerchant = desk.settlement.operatorMerchant
            for decision in [CaseDecision.accept(settlesInvoice: nil), .refund, .assign(opened.invoice.id)] {
                await #expect(throws: SettlementError(.unsupported, "")) {
                    try await desk.settlement.resolveCase(CaseRequest(id, decision), by: operatorMerchant)
                }
            }
            let closed = try await desk.settlement.resolveCase(CaseRequest(id, .dismiss), by: operatorMerchant)
            #expect(closed.resolution?.outcome == .dismissed)
            try await desk.settlement.database.close()
        }
    }

    @Test("is set aside by the same rules when it was pushed", arguments: Engine.allCases, Hostile.allCases)
    func pushed(engine: Engine, hostile: Hostile) async throws {
        let desk = try await Desk(on: engine)
        var recorded: [RecordedObservation] = []
        for observation in try hostile.observations(desk) {
            recorded.append(try await desk.settlement.record(observation, at: desk.provider))
        }
        #expect(recorded.count { $0 == .setAside } == 1)
        #expect(try await desk.booksHold())
    }

    @Test("is not skipped because the database was away, at any statement", arguments: Engine.allCases)
    func databaseAway(engine: Engine) async throws {
        for code in [StorageError.Code.unavailable, .outcomeUnknown, .fenced] {
            let desk = try await Desk(on: engine)
            let opened = try await desk.openInvoice()
            let failing = FailingDatabase(desk.settlement.database)
            let settlement = try Desk.settlement(failing, [desk.provider], desk.coin, desk.clock, .none)
            let page = ScanPage(
                observations: [
                    .incoming(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id, number: 1))
                ] + (try Hostile.zeroInReason.observations(desk))
                    + [.incoming(desk.transfer(try desk.amount("2"), for: nil, number: 2))],
                position: "1",
                hasMore: false,
                completeUntil: nil
            )
            let account = ScanAccount(account: "account", subject: "coin")
            var number = 0
            while true {
                failing.fail(at: number, with: code)
                do {
                    let recorded = try await settlement.record(page, of: account, at: desk.provider, after: nil)
                    #expect(recorded.count { $0 == .setAside } == 1)
                    break
                } catch let error as StorageError {
                    #expect(error.code == code)
                    #expect(try await position(desk) == nil)
                    #expect(try await desk.settlement.database.read { try $0.setAsideCount() } == 0)
                    #expect(try await desk.settlement.database.read { try $0.trialBalance().lines }.isEmpty)
                }
                number += 1
            }
            #expect(number > 20)
            #expect(try await desk.booksHold())
            #expect(try await position(desk) == "1")
            try await desk.settlement.database.close()
        }
    }

    @Test(
        "is no longer set aside once the rail takes it back, and is new when it comes again",
        arguments: Engine.allCases
    )
    func takenBack(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let found = try Hostile.unread.observations(desk)
        #expect(try await record(found, at: desk, after: nil, to: "1") == [.setAside])
        let key = NaturalKey("hostile", "unread")
        let gone = Observation.vanished(key, at: desk.clock.now())
        #expect(try await record([gone], at: desk, after: "1", to: "2") == [.undone])
        let open = { try await desk.settlement.database.read { try $0.openCases(of: key).count } }
        #expect(try await open() == 0)
        #expect(try await desk.settlement.database.read { try $0.setAsideCount() } == 0)
        #expect(try await record(found, at: desk, after: "2", to: "3") == [.setAside])
        #expect(try await open() == 1)
    }

    /// Makes every update of an invoice miss its row, as if the row changed each time.
    private func stick(_ invoice: InvoiceID, on engine: Engine, _ desk: Desk) async throws {
        let statements =
            switch engine {
            case .sqlite:
                [
                    """
                    CREATE TRIGGER stuck BEFORE UPDATE ON invoices WHEN OLD.id = x'\(Hex.encode(invoice.bytes))'
                    BEGIN SELECT RAISE(IGNORE); END
                    """
                ]
            case .postgreSQL:
                [
                    "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN RETURN NULL; END $body$",
                    """
                    CREATE TRIGGER stuck BEFORE UPDATE ON invoices FOR EACH ROW WHEN (OLD.id = '\\x\(Hex.encode(invoice.bytes))')
                    EXECUTE FUNCTION skip()
                    """,
                ]
            }
        for statement in statements {
            _ = try await desk.settlement.database.write { try $0.query(statement, []).count }
        }
    }

    @Test(
        "is set aside when its rows change at every attempt, and the others are recorded",
        arguments: Engine.allCases
    )
    func conflict(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let stuck = try await desk.openInvoice()
        let other = try await desk.openInvoice(id: InvoiceID(value: 2))
        try await stick(stuck.invoice.id, on: engine, desk)
        let coin = try desk.amount("1.5")
        let page: [Observation] = [
            .incoming(desk.transfer(coin, for: stuck.options[0].id, number: 1)),
            .incoming(desk.transfer(coin, for: other.options[0].id, number: 2)),
        ]
        let recorded = try await record(page, at: desk, after: nil, to: "1")
        #expect(recorded.count == 2 && recorded.first == .setAside)
        if case .payment? = recorded.last {} else { Issue.record("the other one is \(recorded)") }
        #expect(try await position(desk) == "1")
        #expect(try await desk.booksHold())
        // A pushed message of this kind does not stay in the inbox for ever either.
        let pushed = Observation.incoming(desk.transfer(coin, for: stuck.options[0].id, number: 3))
        #expect(try await desk.settlement.record(pushed, at: desk.provider) == .setAside)
    }

    @Test("is added up exactly with all others set aside, for each asset", arguments: Engine.allCases)
    func sums(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (now, coin) = (desk.clock.now(), desk.coin.id)
        func found(_ number: Int, _ asset: AssetID?, _ units: String?) -> Observation {
            let found = SetAside(
                naturalKey: NaturalKey("many", "\(number)"),
                account: "a",
                asset: asset,
                units: units,
                cause: .unreadable,
                explanation: "e",
                occurredAt: now
            )
            return .setAside(found, bytes: [])
        }
        let most = String(repeating: "9", count: 78)
        // More than the query reads at once.
        var many = (0..<1_005).map { found($0, coin, "1") }
        many += [found(2_000, coin, most), found(2_001, coin, nil), found(2_002, nil, nil), found(2_003, .stars, "-5")]
        _ = try await record(many, at: desk, after: nil, to: "1")
        let sums = try await desk.settlement.database.read { try $0.setAsideSums() }
        #expect(sums.map(\.name.asset) == [nil, .stars, coin])
        #expect(sums.map(\.units) == [0, -5, try #require(BigInt(most)) + 1_005])
        #expect(sums.map(\.known) == [0, 1, 1_006] && sums.map(\.unknown) == [1, 0, 1])
    }
}
