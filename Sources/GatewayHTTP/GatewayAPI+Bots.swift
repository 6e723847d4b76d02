import Cryptography
import HTTPTransport
import Payments
import Seams
import Settlement
import Storage
import StrictJSON

extension GatewayAPI {
    func createBot(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(
            "token",
            "provider_token",
            "currencies",
            "stars",
            "test_environment",
            "support_contact",
            "terms_url"
        )
        let bot = NewBot(
            // What the operator adds serves everybody.
            merchant: call.merchant == settlement.operatorMerchant ? nil : call.merchant,
            token: SecretBytes(Array(try body.text("token").utf8)),
            providerToken: try body.optionalText("provider_token").map { SecretBytes(Array($0.utf8)) },
            currencies: try currencies(body),
            takesStars: try body.optionalFlag("stars") ?? true,
            isInTestEnvironment: try body.flag("test_environment"),
            supportContact: try body.optionalText("support_contact"),
            termsURL: try body.optionalText("terms_url")
        )
        return try await once(call, making: BotKind.self) { id in
            representation.json(try await bots.add(bot, id: id))
        } exists: { session, id in
            try session.bot(id) != nil
        }
    }

    func listBots(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let owner = call.merchant == settlement.operatorMerchant ? nil : call.merchant
        let found = try await settlement.database.read { try $0.bots(of: owner, in: page) }
        return list(found.map(representation.json), of: call, page: page)
    }

    func readBot(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        return json(representation.json(try await bot(of: call)))
    }

    func updateBot(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(
            "token",
            "provider_token",
            "currencies",
            "stars",
            "support_contact",
            "terms_url",
            "active"
        )
        var change = BotChange()
        change.token = try body.optionalText("token").map { SecretBytes(Array($0.utf8)) }
        change.providerToken = try body.optionalText("provider_token").map { SecretBytes(Array($0.utf8)) }
        if body.value["currencies"]?.isNull == false { change.currencies = try currencies(body) }
        change.takesStars = try body.optionalFlag("stars")
        change.isActive = try body.optionalFlag("active")
        // A contact of null is none; without the member it stays.
        if body.value["support_contact"] != nil {
            change.supportContact = .some(try body.optionalText("support_contact"))
        }
        if body.value["terms_url"] != nil { change.termsURL = .some(try body.optionalText("terms_url")) }
        return json(representation.json(try await bots.change(try await bot(of: call), change)))
    }

    private func bot(of call: APIRequest) async throws -> BotRecord {
        let id: BotID = try call.id(at: 2)
        let found = try await settlement.database.read { try $0.bot(id) }
        guard let found, call.merchant == settlement.operatorMerchant || found.merchant == call.merchant else {
            throw Problem.notFound()
        }
        return found
    }

    private func currencies(_ body: JSONBody) throws -> [String] {
        try body.array("currencies").map { value in
            guard let text = value.stringValue else {
                throw Problem.invalid("'currencies' are strings, for example EUR", "currencies")
            }
            return text
        }
    }
}
