import DatabaseEngines
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

@Suite("Personal data of a customer, on each engine")
struct PersonalDataTests {
    private static let key = APIKeyID(value: 77)
    private static let words = ["Quint", "+49151", "quint@example.org", "Wellenweg", "Kanarienhausen"]

    /// Adds the keys that erase data.
    private func addKeys(to desk: Desk) async throws {
        try await desk.settlement.database.write { session in
            for id in [Self.key, APIKeyID(value: 78)] {
                try session.insert(
                    APIKeyRecord(
                        id: id,
                        merchant: desk.merchant,
                        digest: [1],
                        label: "",
                        version: "2026-11-26",
                        createdAt: desk.clock.now()
                    )
                )
            }
        }
    }

    private static func told(_ name: String = "Zoë Quint") -> PersonalData? {
        PersonalData(
            name: name,
            email: "quint@example.org",
            phoneNumber: "+4915112345678",
            shippingAddress: PersonalData.Address(
                countryCode: "DE",
                state: "",
                city: "Kanarienhausen",
                streetLine1: "Wellenweg 7",
                streetLine2: "",
                postCode: "12345"
            ),
            shippingOption: "mail"
        )
    }

    /// A transfer with personal data.
    private func transfer(
        at desk: Desk,
        _ told: PersonalData?,
        for option: PaymentOptionID?,
        number: Int = 1
    ) throws -> IncomingTransfer {
        IncomingTransfer(
            naturalKey: NaturalKey("test", "\(number)"),
            reference: option.map(ScriptedProvider.reference),
            amount: try desk.amount("1.5"),
            payer: "payer",
            refundTarget: "payer",
            evidence: "{}",
            occurredAt: desk.clock.now(),
            availableAt: desk.clock.now(),
            personalData: told
        )
    }

    private func payment(_ desk: Desk, _ number: Int = 1) async throws -> Payment {
        let found = try await desk.settlement.database.read { session in
            try session.payment(naturalKey: NaturalKey("test", "\(number)"), at: desk.provider.key)
        }
        return try #require(found)
    }

    private func read(_ desk: Desk, _ number: Int = 1) async throws -> JSONValue {
        let payment = try await payment(desk, number)
        return try await desk.settlement.database.read { try desk.settlement.personalJSON(payment, in: $0) }
    }

    /// The rows of a database that hold a text, as it is or as the bytes of a column.
    private func places(of words: [String], on engine: Engine, at desk: Desk) async throws -> [String] {
        let content = try await engine.content(of: desk.settlement.database)
        return content.filter { row in
            words.contains { word in
                let bytes = Array(word.utf8)
                let hexadecimal = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                let list = bytes.map(String.init).joined(separator: ", ")
                return row.contains(word) || row.contains(hexadecimal) || row.contains(list)
            }
        }
    }

    @Test("is stored sealed only, and shown to readers with the right", arguments: Engine.allCases)
    func sealed(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let option = try await desk.openInvoice().options[0].id
        try await desk.receive(try transfer(at: desk, Self.told(), for: option))
        let read = try await read(desk)
        #expect(read["personal_data"]?["name"]?.stringValue == "Zoë Quint")
        #expect(read["personal_data"]?["shipping_address"]?["street_line1"]?.stringValue == "Wellenweg 7")
        #expect(read["personal_data"]?["shipping_option"]?.stringValue == "mail")
        #expect(try await places(of: Self.words, on: engine, at: desk).isEmpty)
        let plain = try await desk.settlement.representation.json(payment(desk))
        #expect(plain["personal_data"] == nil && plain["personal_data_erased_at"] == nil)
    }

    @Test("is in invoice.settled and the payment's events, and in no other", arguments: Engine.allCases)
    func events(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let option = try await desk.openInvoice().options[0].id
        try await desk.receive(try transfer(at: desk, Self.told(), for: option))
        let gone = Observation.vanished(NaturalKey("test", "1"), at: desk.clock.now())
        try await desk.settlement.record(gone, at: desk.provider)
        let events = try await desk.settlement.database.read { session in
            try session.events(of: desk.merchant, in: Page(limit: 50)).map { event in
                (event, try desk.settlement.withPersonalData(event, in: session))
            }
        }
        let telling: Set = ["invoice.settled", "payment.received", "payment.orphaned"]
        #expect(Set(events.map(\.0.type)).isSuperset(of: telling))
        for (event, told) in events {
            #expect(told.body.contains("Wellenweg") == telling.contains(event.type), "\(event.type)")
            #expect(!event.body.contains("personal_data") && (told == event) == !telling.contains(event.type))
            let (before, after) = (
                try JSONValue(parsing: Array(event.body.utf8)), try JSONValue(parsing: Array(told.body.utf8))
            )
            for member in before["data"]?.members ?? [] { #expect(after["data"]?[member.key] == member.value) }
        }
    }

    @Test(
        "is added once when a later update brings it, and not again after it was erased",
        arguments: Engine.allCases
    )
    func later(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let option = try await desk.openInvoice().options[0].id
        try await desk.receive(try transfer(at: desk, nil, for: option))
        #expect(try await read(desk)["personal_data"]?.isNull == true)
        for name in ["Zoë Quint", "Somebody Else"] {
            let again = try await desk.receive(try transfer(at: desk, Self.told(name), for: option))
            #expect(again == .repetition)
            #expect(try await read(desk)["personal_data"]?["name"]?.stringValue == "Zoë Quint")
        }
        let id = try await payment(desk).id
        try await addKeys(to: desk)
        let sealed = try await desk.settlement.database.read { try $0.personalData(of: id)?.sealed }
        let journal = try await journal(of: desk)
        desk.clock.advance(by: .seconds(60))
        let erasedAt = desk.clock.now().description
        for key in [Self.key, APIKeyID(value: 78)] {
            let erased = try await desk.settlement.erasePersonalData(
                ErasureRequest(of: id, for: desk.merchant, by: key)
            )
            #expect(erased["personal_data"]?.isNull == true)
            #expect(erased["personal_data_erased_at"]?.stringValue == erasedAt)
            desk.clock.advance(by: .seconds(60))
            try await desk.receive(try transfer(at: desk, Self.told(), for: option))
        }
        let record = try await desk.settlement.database.read { try $0.personalData(of: id) }
        #expect(record?.sealed == nil && record?.erasedBy == Self.key)
        #expect(try await self.journal(of: desk) == journal)
        #expect(try await desk.booksHold())
        if engine == .sqlite { try await expectGone(try #require(sealed), from: desk) }
    }

    /// The erased ciphertext is not in the file or the log beside it either.
    private func expectGone(_ sealed: [UInt8], from desk: Desk) async throws {
        let place = desk.place
        try await desk.settlement.database.close()
        let rest = Array(sealed.dropFirst(12))
        let file = try FileBytes.read(place)
        #expect(!file.isEmpty && !FileBytes.contain(file, Array(rest.prefix(16))))
    }

    private func journal(of desk: Desk) async throws -> [String] {
        try await desk.settlement.database.read { session in
            try session.query("SELECT * FROM ledger_transactions ORDER BY sequence", []).map { "\($0)" }
                + session.query("SELECT * FROM postings ORDER BY sequence, line", []).map { "\($0)" }
                + session.query("SELECT * FROM payments ORDER BY id", []).map { "\($0)" }
        }
    }

    @Test("may be erased before it comes, and then is never stored", arguments: Engine.allCases)
    func erasedFirst(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let option = try await desk.openInvoice().options[0].id
        try await desk.receive(try transfer(at: desk, nil, for: option))
        let id = try await payment(desk).id
        try await addKeys(to: desk)
        _ = try await desk.settlement.erasePersonalData(ErasureRequest(of: id, for: desk.merchant, by: Self.key))
        try await desk.receive(try transfer(at: desk, Self.told(), for: option))
        #expect(try await read(desk)["personal_data"]?.isNull == true)
        await #expect(throws: SettlementError(.notFound, "")) {
            try await desk.settlement.erasePersonalData(
                ErasureRequest(of: id, for: MerchantID(value: 99), by: Self.key)
            )
        }
    }

    @Test("belongs to one payment of one merchant: moved to another row it does not open", arguments: Engine.allCases)
    func bound(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        for number in 1...2 {
            let option = try await desk.openInvoice(id: InvoiceID(value: UInt128(number))).options[0].id
            try await desk.receive(try transfer(at: desk, Self.told("Customer \(number)"), for: option, number: number))
        }
        let (first, second) = (try await payment(desk, 1), try await payment(desk, 2))
        let sealed = try await desk.settlement.database.read { try $0.personalData(of: first.id)?.sealed }
        let moved = try #require(sealed)
        try await desk.settlement.database.write { try $0.replacePersonalData(moved, of: second.id) }
        await #expect(throws: (any Error).self) { try await read(desk, 2) }
        #expect(try await read(desk, 1)["personal_data"]?["name"]?.stringValue == "Customer 1")
        // Nor does it open when the payment's merchant was changed.
        try await desk.settlement.database.write { session in
            let other = MerchantID(value: 9)
            try session.insert(MerchantRecord(id: other, name: "other", feeBasisPoints: 0, createdAt: desk.clock.now()))
            let values: [SQLValue] = [.blob(other.bytes), .blob(first.id.bytes)]
            try session.execute(
                "UPDATE merchants SET book = (SELECT book FROM payments WHERE id = $2) WHERE id = $1",
                values
            )
            try session.execute("UPDATE payments SET merchant = $1 WHERE id = $2", values)
        }
        await #expect(throws: (any Error).self) { try await read(desk, 1) }
    }

    @Test("goes with the payment when a person assigns it to a merchant", arguments: Engine.allCases)
    func assigned(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        try await desk.receive(try transfer(at: desk, Self.told(), for: nil))
        #expect(try await read(desk)["personal_data"]?["name"]?.stringValue == "Zoë Quint")
        let invoice = try await desk.openInvoice().invoice
        let cases = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10))
        }
        let request = CaseRequest(try #require(cases.first).id, .assign(invoice.id))
        _ = try await desk.settlement.resolveCase(request, by: desk.settlement.operatorMerchant)
        #expect(try await payment(desk).merchant == desk.merchant)
        #expect(try await read(desk)["personal_data"]?["name"]?.stringValue == "Zoë Quint")
        let operatorEvents = try await desk.settlement.database.read { session in
            try session.events(of: MerchantID(value: 0), in: Page(limit: 50)).map { event in
                try desk.settlement.withPersonalData(event, in: session).body
            }
        }
        #expect(!operatorEvents.isEmpty && !operatorEvents.contains { $0.contains("Wellenweg") })
    }

    @Test("is bounded: long texts are cut at a character, and U+0000 is replaced")
    func bounds() {
        let long = PersonalData(name: String(repeating: "é", count: 600), email: "a\0b")
        #expect(long?.name == String(repeating: "é", count: 512))
        #expect(long?.email == "a\u{FFFD}b")
        #expect(PersonalData() == nil)
        #expect("\(String(describing: long)) \(String(reflecting: long))".contains("é") == false)
    }
}
