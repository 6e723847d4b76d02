import Cryptography
import HTTPMessages
import Seams
import StrictJSON
import TelegramBot
import Testing

@Suite("Init data")
struct InitDataTests {
    static let token = SecretBytes(Array("4242:TEST".utf8))
    static let signedAt = Timestamp(seconds: 1_700_000_000)

    /// Signs fields as Telegram documents it, without the code under test.
    static func text(_ fields: [(String, String)], token: SecretBytes = token) -> String {
        let lines = fields.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: "\n")
        let secret = HMAC.sha256(key: Array("WebAppData".utf8), message: token)
        let hash = Hex.encode(HMAC.sha256(key: secret, message: Array(lines.utf8)))
        let query = (fields + [("hash", hash)]).map { "\($0.0)=\(encoded($0.1))" }
        return query.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + Hex.encode([byte]).uppercased()
        }
        .joined()
    }

    static let fields = [
        ("auth_date", "1700000000"), ("query_id", "AA+1"), ("signature", "abc"),
        ("user", #"{"id":5000000001,"first_name":"A+B \u00e9"}"#),
    ]

    static func check(_ text: String, now: Timestamp = signedAt, token: SecretBytes = token) -> String? {
        do {
            try InitData(parsing: text).check(botToken: token, now: now, maximumAge: .seconds(3_600))
            return nil
        } catch { return error.reason }
    }

    @Test("is accepted when the bot's token signed every field but the hash")
    func valid() throws {
        #expect(Self.check(Self.text(Self.fields)) == nil)
        #expect(try InitData(parsing: Self.text(Self.fields)).user?["id"]?.integerValue == 5_000_000_001)
        #expect(Self.check(Self.text(Self.fields + [("chat_type", "sender"), ("new_field", "x")])) == nil)
    }

    @Test("is refused when another bot's token signed it, or a field was changed")
    func invalid() {
        let other = SecretBytes(Array("4243:TEST".utf8))
        #expect(Self.check(Self.text(Self.fields, token: other)) != nil)
        let text = Self.text(Self.fields)
        #expect(Self.check(text.replacing("5000000001", with: "5000000002")) != nil)
        #expect(Self.check(text + "&user=x") != nil)
        #expect(Self.check(text.replacing("hash=", with: "hash=00")) != nil)
        #expect(Self.check("") != nil)
        #expect(Self.check("hash=%zz") != nil)
    }

    @Test(
        "is refused when it is too old, or dated ahead",
        arguments: [(-61, false), (-60, true), (0, true), (3_600, true), (3_601, false)]
    )
    func age(seconds: Int64, isBelieved: Bool) {
        let now = Timestamp(seconds: Self.signedAt.seconds + seconds)
        #expect((Self.check(Self.text(Self.fields), now: now) == nil) == isBelieved)
    }

    @Test("can be checked with Telegram's own key, without a token")
    func thirdParty() throws {
        let key = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 5, count: 32)))
        let lines = "4242:WebAppData\nauth_date=1700000000\nquery_id=AA"
        let signature = Base64.encode(try key.sign(Array(lines.utf8)), alphabet: .urlSafe).filter { $0 != "=" }
        let data = try InitData(parsing: "query_id=AA&auth_date=1700000000&hash=00&signature=\(signature)")
        #expect(throws: Never.self) {
            try data.check(botID: 4_242, publicKey: key.publicKey, now: Self.signedAt, maximumAge: .seconds(60))
        }
        #expect(throws: InitData.Refusal.self) {
            try data.check(botID: 4_243, publicKey: key.publicKey, now: Self.signedAt, maximumAge: .seconds(60))
        }
    }
}

@Suite("An update")
struct UpdateTests {
    @Test("about money is read with its deciding members, and unknown members are passed over")
    func successfulPayment() throws {
        let text = """
            {"update_id":1,"message":{"message_id":2,"date":1700000000,"from":{"id":5,"is_bot":false},"chat":{"id":5},
            "successful_payment":{"currency":"XTR","total_amount":250,"invoice_payload":"opt_1","future":true,
            "telegram_payment_charge_id":"stx_1","provider_payment_charge_id":"p"}}}
            """
        let update = try Update(parsing: Array(text.utf8))
        guard case .paid(let payment) = update.content else {
            Issue.record("\(update.content)")
            return
        }
        #expect(payment.totalAmount == 250 && payment.chargeID == "stx_1" && payment.user == 5)
    }

    @Test(
        "holds the data that the customer was asked for, and ignores malformed members of it",
        arguments: [
            (#""order_info":{"name":"Zoë","phone_number":"49","email":"z@e.org","shipping_address":{"city":"B"}}"#, 4),
            (#""order_info":{"name":"a\ud83d","email":"b"}"#, 2),
            (#""order_info":{"name":5,"shipping_address":[]}"#, 0),
            (#""order_info":"none","shipping_option_id":"mail""#, 1), (#""x":1"#, 0),
        ]
    )
    func orderInfo(member: String, parts: Int) throws {
        let text = """
            {"update_id":1,"message":{"message_id":2,"date":1700000000,"from":{"id":5},"chat":{"id":5},
            "successful_payment":{"currency":"EUR","total_amount":250,"invoice_payload":"opt_1",\(member),
            "telegram_payment_charge_id":"tch_1","provider_payment_charge_id":"p"}}}
            """
        guard case .paid(let payment) = try Update(parsing: Array(text.utf8)).content else {
            Issue.record("the update is not a payment")
            return
        }
        let order = payment.order
        let texts = [order.name, order.phoneNumber, order.email, order.shippingOption, order.shippingAddress?.text]
        #expect(texts.count { $0 != nil } == parts)
    }

    @Test(
        "that cannot be read is refused",
        arguments: [
            "", "[]", "{}", #"{"update_id":"1"}"#, #"{"update_id":1,"pre_checkout_query":{"id":"1"}}"#,
            #"{"update_id":1,"message":{"date":1,"successful_payment":{"currency":"XTR"}}}"#,
            #"{"update_id":1,"message":{"date":1,"successful_payment":{"currency":"XTR","total_amount":1.5,"invoice_payload":"a","telegram_payment_charge_id":"x","provider_payment_charge_id":"y"}}}"#,
            #"{"update_id":1,"message":{"date":1,"successful_payment":{"currency":"XTR","total_amount":1,"invoice_payload":"a","telegram_payment_charge_id":"x y","provider_payment_charge_id":"y"}}}"#,
        ]
    )
    func malformed(text: String) {
        #expect(throws: TelegramError(.malformed, "")) { try Update(parsing: Array(text.utf8)) }
    }
}

@Suite("An invoice link")
struct InvoiceLinkTests {
    static func link(_ change: (inout InvoiceLink) -> Void = { _ in }) -> InvoiceLink {
        var link = InvoiceLink(
            title: "Tea",
            summary: "Tea",
            payload: "p",
            currency: "EUR",
            prices: [.init(label: "Tea", amount: 1_250)],
            providerToken: "token"
        )
        change(&link)
        return link
    }

    @Test("is refused before Telegram would refuse it")
    func refused() {
        let wrong: [(inout InvoiceLink) -> Void] = [
            { $0.title = "" }, { $0.title = String(repeating: "a", count: 33) }, { $0.summary = "" },
            { $0.payload = String(repeating: "é", count: 65) }, { $0.prices = [] }, { $0.providerToken = "" },
            { $0.currency = "XTR" },
            {
                $0.maximumTip = 5; $0.suggestedTips = [5, 5]
            }, { $0.suggestedTips = [1] },
            {
                $0.maximumTip = 9; $0.suggestedTips = [1, 2, 3, 4, 5]
            }, { $0.needs = ["need_soul"] },
            {
                $0.currency = "XTR"; $0.providerToken = ""; $0.isFlexible = true
            },
        ]
        for change in wrong {
            #expect(throws: TelegramError(.refused, "")) { try Self.link(change).parameters() }
        }
        #expect(throws: Never.self) { try Self.link().parameters() }
    }
}

@Suite("The currency table")
struct CurrencyTableTests {
    static func table(_ text: String) throws -> CurrencyTable {
        try CurrencyTable(parsing: Array(text.utf8), asOf: "2026-11-24")
    }

    @Test("lists the differences from a newer one")
    func differences() throws {
        let old = try Self.table(
            #"{"EUR":{"exp":2,"min_amount":"100","max_amount":"900"},"JPY":{"exp":0,"min_amount":1,"max_amount":2}}"#
        )
        let new = try Self.table(
            #"{"EUR":{"exp":3,"min_amount":"100","max_amount":"900"},"USD":{"exp":2,"min_amount":1,"max_amount":2}}"#
        )
        #expect(old.entry("JPY")?.exponent == 0)
        #expect(old.differences(to: new).count == 3)
        #expect(old.differences(to: old).isEmpty)
    }

    @Test(
        "that cannot be read replaces nothing",
        arguments: [
            "", "{}", #"{"eur":{"exp":2,"min_amount":1,"max_amount":2}}"#,
            #"{"EUR":{"exp":9,"min_amount":1,"max_amount":2}}"#, #"{"EUR":{"exp":2,"min_amount":3,"max_amount":2}}"#,
        ]
    )
    func malformed(text: String) {
        #expect(throws: TelegramError(.malformed, "")) { try Self.table(text) }
    }

    @Test("is the same after it is written and read, and names changed exponents")
    func kept() throws {
        let table = try Self.table(#"{"EUR":{"exp":2,"min_amount":"86","max_amount":"865000"}}"#)
        #expect(try CurrencyTable(kept: Array(table.keptText.utf8)) == table)
        #expect(!table.changesExponents(try Self.table(#"{"EUR":{"exp":2,"min_amount":"1","max_amount":"2"}}"#)))
        #expect(table.changesExponents(try Self.table(#"{"EUR":{"exp":3,"min_amount":"86","max_amount":"865000"}}"#)))
        #expect(throws: TelegramError(.malformed, "")) { try CurrencyTable(kept: Array(#"{"EUR":{}}"#.utf8)) }
    }
}
