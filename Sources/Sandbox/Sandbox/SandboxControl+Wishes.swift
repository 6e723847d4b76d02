import BigInt
import EVM
import FixtureConnect
import FixtureEVM
import FixtureTON
import FixtureTelegram
import Seams
import StrictJSON
import TON

/// The wishes. Missing members mean a customer called alice and the sandbox's bot.
extension SandboxControl {
    private static func user(_ wish: JSONValue) -> String { wish["user"]?.stringValue ?? "alice" }

    private static func token(_ wish: JSONValue) -> String { wish["token"]?.stringValue ?? SandboxNetworks.botToken }

    private static func stars(_ wish: JSONValue) throws -> Int64 {
        guard let stars = wish["stars"]?.integerValue, stars > 0 else { throw Refusal("'stars' is how many") }
        return stars
    }

    func pay(_ wish: JSONValue) async throws -> JSONValue {
        guard let option = wish["option"] else { throw Refusal("'option' is a payment option of an invoice") }
        return ["taken": .bool(try await pay(option, Payment(wish)))]
    }

    func openWallet(_ wish: JSONValue) async throws -> JSONValue {
        guard let link = wish["link"]?.stringValue,
            let decision = FixtureWallet.Decision(rawValue: wish["decision"]?.stringValue ?? "pay")
        else {
            let words = FixtureWallet.Decision.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal("'link' is what a page shows, and 'decision' is one of \(words)")
        }
        return ["outcome": .string(try await wallets.open(link, of: Self.user(wish), decision))]
    }

    // MARK: - Chains and time

    func mine(_ wish: JSONValue) throws -> JSONValue {
        let blocks = min(10_000, Int(clamping: wish["blocks"]?.integerValue ?? 1))
        if wish["network"]?.stringValue == "evm" { evm.mine(blocks) } else { try ton.mine(blocks) }
        return [:]
    }

    func advance(_ wish: JSONValue) -> JSONValue {
        clock.advance(by: .seconds(wish["seconds"]?.integerValue ?? 0))
        return ["now": .string(clock.now().description)]
    }

    func fault(_ wish: JSONValue) throws -> JSONValue {
        try set(wish["network"]?.stringValue ?? "", wish["kind"]?.stringValue ?? "", wish)
        return [:]
    }

    func mintJettons(_ wish: JSONValue) throws -> JSONValue {
        guard let units = wish["units"]?.stringValue.flatMap({ UInt128($0) }) else {
            throw Refusal("'units' of the jetton, smallest units in digits, go to the wallet of 'user'")
        }
        let owner = try ton.customer(Self.user(wish)).address
        try ton.mint(units, of: jettonMaster, layout: .standard, to: owner)
        return [:]
    }

    func mintTokens(_ wish: JSONValue) throws -> JSONValue {
        guard let address = try wish["address"]?.stringValue.map({ try EVMAddress($0) }),
            let units = wish["units"]?.stringValue.flatMap({ BigUInt($0) })
        else { throw Refusal("'address' gets 'units', smallest units of the token in digits") }
        evm.mint(units, of: evmToken, to: address)
        return [:]
    }

    func reorganise(_ wish: JSONValue) -> JSONValue {
        let depth = min(1_000, max(0, Int(clamping: wish["depth"]?.integerValue ?? 1)))
        evm.reorganise(depth: depth, dropping: wish["drop"]?.boolValue ?? false)
        return ["height": .integer(Int64(clamping: evm.height))]
    }

    // MARK: - Telegram

    func addBot(_ wish: JSONValue) throws -> JSONValue {
        guard let token = wish["token"]?.stringValue else { throw Refusal("'token' is a bot's token") }
        telegram.addBot(
            token: token,
            providerToken: wish["provider_token"]?.stringValue,
            stars: wish["stars"]?.integerValue ?? 0
        )
        return [:]
    }

    func renewToken(_ wish: JSONValue) throws -> JSONValue {
        guard let new = wish["new"]?.stringValue, telegram.renewToken(Self.token(wish), to: new) else {
            throw Refusal("'new' takes the place of 'token', the token of a bot")
        }
        return [:]
    }

    func payLink(_ wish: JSONValue) async throws -> JSONValue {
        guard let link = wish["link"]?.stringValue else { throw Refusal("'link' is an invoice link") }
        let tip = wish["tip"]?.integerValue ?? 0
        // With it the bot's owner answers before the gateway does.
        let isAgreed = wish["agreed"]?.boolValue ?? false
        if let order = wish["order_info"] { telegram.tell(order, by: Self.user(wish)) }
        return switch await telegram.pay(link: link, by: Self.user(wish), tip: tip, isAgreed: isAgreed) {
        case .paid(let charge): ["outcome": "paid", "charge_id": .string(charge)]
        case .declined(let message): ["outcome": "declined", "message": .string(message)]
        case .timedOut: ["outcome": "timed_out"]
        case .unknownLink: ["outcome": "unknown_link"]
        }
    }

    func write(_ wish: JSONValue) throws -> JSONValue {
        guard let text = wish["text"]?.stringValue else { throw Refusal("'text' is what the user writes") }
        let language = wish["language"]?.stringValue ?? "en"
        telegram.write(text, to: Self.token(wish), by: Self.user(wish), language: language)
        return [:]
    }

    func webhook(_ wish: JSONValue) throws -> JSONValue {
        guard let webhook = telegram.webhook(of: Self.token(wish)) else { throw Refusal("the bot has no webhook") }
        return ["url": .string(webhook.url), "secret": .string(webhook.secret)]
    }

    func said(_ wish: JSONValue) -> JSONValue {
        ["said": .array(telegram.said(to: Self.user(wish)).map(JSONValue.string))]
    }

    func buyMedia(_ wish: JSONValue) throws -> JSONValue {
        guard let message = wish["message"]?.integerValue,
            let charge = telegram.buyMedia(message, by: Self.user(wish))
        else { throw Refusal("'message' is the number of a message that sells media") }
        return ["charge_id": .string(charge)]
    }

    func setSubscription(_ wish: JSONValue) throws -> JSONValue {
        let (charge, word) = (wish["charge_id"]?.stringValue ?? "", wish["state"]?.stringValue ?? "")
        guard telegram.setSubscription(of: charge, to: word) else {
            throw Refusal("'charge_id' began a subscription, and 'state' is canceled, active or failed")
        }
        return [:]
    }

    func withdraw(_ wish: JSONValue) throws -> JSONValue {
        let stars = try Self.stars(wish)
        guard telegram.withdraw(stars, from: Self.token(wish), isFailing: wish["fails"]?.boolValue ?? false) else {
            throw Refusal("the bot does not have \(stars) Stars")
        }
        return [:]
    }

    func chargeBack(_ wish: JSONValue) throws -> JSONValue {
        telegram.chargeBack(try Self.stars(wish), from: Self.token(wish))
        return [:]
    }
}
