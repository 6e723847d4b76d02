import Cryptography
import HTTPMessages
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func createBot(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(
            "token",
            "provider_token",
            "currencies",
            "stars",
            "test_environment",
            "support_contact",
            "terms_url",
            "owner_chat"
        )
        let bot = NewBot(
            // A bot that the operator adds serves every merchant.
            merchant: call.merchant == settlement.operatorMerchant ? nil : call.merchant,
            token: SecretBytes(Array(try body.text("token").utf8)),
            providerToken: try body.optionalText("provider_token").map { SecretBytes(Array($0.utf8)) },
            currencies: try currencies(body),
            takesStars: try body.optionalFlag("stars") ?? true,
            isInTestEnvironment: try body.flag("test_environment"),
            supportContact: try contact(body),
            termsURL: try terms(body),
            ownerChat: try owner(body)
        )
        return try await once(call, making: BotKind.self, as: MadeObject.bot) { id in
            representation.json(try await bots.add(bot, id: id))
        }
    }

    func listBots(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.bots(of: call.merchant, in: page)
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
            "owner_chat",
            "active"
        )
        var change = BotChange()
        change.token = try body.optionalText("token").map { SecretBytes(Array($0.utf8)) }
        change.providerToken = try body.optionalText("provider_token").map { SecretBytes(Array($0.utf8)) }
        if body.value["currencies"]?.isNull == false { change.currencies = try currencies(body) }
        change.takesStars = try body.optionalFlag("stars")
        change.isActive = try body.optionalFlag("active")
        // A contact of null removes it; without the member it stays as it is.
        if body.value["support_contact"] != nil {
            change.supportContact = .some(try contact(body))
        }
        if body.value["terms_url"] != nil { change.termsURL = .some(try terms(body)) }
        if body.value["owner_chat"] != nil { change.ownerChat = .some(try owner(body)) }
        return json(representation.json(try await bots.change(try await bot(of: call), change)))
    }

    /// The contact that /paysupport names; customers read it in a message of the bot.
    private func contact(_ body: JSONBody) throws -> String? {
        guard let text = try body.optionalText("support_contact") else { return nil }
        let isPrintable = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        guard (1...256).contains(text.utf8.count), isPrintable, !text.hasPrefix(" "), !text.hasSuffix(" ") else {
            let reason = "'support_contact' is a name, address or link of 1 to 256 printable characters of ASCII"
            throw Problem.invalid(reason, "support_contact")
        }
        return text
    }

    /// The address of the terms that /terms answers with.
    private func terms(_ body: JSONBody) throws -> String? {
        guard let text = try body.optionalText("terms_url") else { return nil }
        guard text.hasPrefix("https://"), WebAddress.isValid(text) else {
            throw Problem.invalid("'terms_url' is an absolute https URL", "terms_url")
        }
        return text
    }

    /// The chat in which the bot's owner is told about problems.
    private func owner(_ body: JSONBody) throws -> String? {
        guard let text = try body.optionalText("owner_chat") else { return nil }
        guard TelegramChat.isValid(text) else {
            throw Problem.invalid("'owner_chat' is a chat's number, or @ and a channel's name", "owner_chat")
        }
        return text
    }

    private func bot(of call: APIRequest) async throws -> BotRecord {
        let id: BotID = try call.id(at: 2)
        guard let found = try await settlement.bot(id, of: call.merchant) else { throw Problem.notFound() }
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
