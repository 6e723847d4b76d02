import BigInt
public import EVM
public import FixtureConnect
public import FixtureEVM
public import FixtureTON
public import FixtureTelegram
public import HTTPTransport
import Seams
public import StrictJSON
public import TON

/// What tests and people may do to the networks: the interface under `/sandbox`.
public struct SandboxControl: Sendable {
    private let clock: SandboxClock
    private let telegram: FixtureTelegram
    private let ton: FixtureTON
    private let jettonMaster: TONAddress
    private let evm: FixtureEVM
    private let evmToken: EVMAddress
    private let bridge: FixtureBridge
    private let wallets: FixtureWallet

    /// Control over networks.
    public init(
        clock: SandboxClock,
        telegram: FixtureTelegram,
        ton: FixtureTON,
        jettonMaster: TONAddress,
        evm: FixtureEVM,
        evmToken: EVMAddress,
        bridge: FixtureBridge,
        wallets: FixtureWallet
    ) {
        self.clock = clock
        self.telegram = telegram
        self.ton = ton
        self.jettonMaster = jettonMaster
        self.evm = evm
        self.evmToken = evmToken
        self.bridge = bridge
        self.wallets = wallets
    }

    /// A wish that cannot be fulfilled, as a sentence.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// The sentence.
        public let description: String

        init(_ reason: String) {
            description = reason
        }
    }

    /// Answers `POST /sandbox/<what>` with a JSON object.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "POST", request.url.hasPrefix("/sandbox/") else {
            return Self.answer(
                404,
                [
                    "error": """
                    the sandbox takes POST /sandbox/pay, wallet, mine, fault, advance, bots, ton/mint, evm/mint, evm/reorganise, \
                    telegram/pay, telegram/message, telegram/webhook, telegram/said, telegram/buy_media, telegram/subscription, telegram/withdraw, telegram/chargeback
                    """
                ]
            )
        }
        do {
            let wish = request.body.isEmpty ? [:] : try JSONValue(parsing: request.body)
            return Self.answer(200, try await perform(String(request.url.dropFirst("/sandbox/".count)), wish))
        } catch { return Self.answer(400, ["error": .string("\(error)")]) }
    }

    private static func answer(_ status: Int, _ value: JSONValue) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: value.bytes)
    }

    private func perform(_ what: String, _ wish: JSONValue) async throws -> JSONValue {
        switch what {
        case "pay":
            guard let option = wish["option"] else { throw Refusal("'option' is a payment option of an invoice") }
            let isTaken = try await pay(option, Payment(wish))
            return ["taken": .bool(isTaken)]
        case "wallet":
            guard let link = wish["link"]?.stringValue,
                let decision = FixtureWallet.Decision(rawValue: wish["decision"]?.stringValue ?? "pay")
            else {
                let words = FixtureWallet.Decision.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal("'link' is what a page shows, and 'decision' is one of \(words)")
            }
            return [
                "outcome": .string(try await wallets.open(link, of: wish["user"]?.stringValue ?? "alice", decision))
            ]
        case "mine":
            let blocks = min(10_000, Int(clamping: wish["blocks"]?.integerValue ?? 1))
            if wish["network"]?.stringValue == "evm" { evm.mine(blocks) } else { try ton.mine(blocks) }
            return [:]
        case "ton/mint":
            guard let units = wish["units"]?.stringValue.flatMap({ UInt128($0) }) else {
                throw Refusal("'units' of the jetton, smallest units in digits, go to the wallet of 'user'")
            }
            let owner = try ton.customer(wish["user"]?.stringValue ?? "alice").address
            try ton.mint(units, of: jettonMaster, layout: .standard, to: owner)
            return [:]
        case "evm/mint":
            guard let address = try wish["address"]?.stringValue.map({ try EVMAddress($0) }),
                let units = wish["units"]?.stringValue.flatMap({ BigUInt($0) })
            else { throw Refusal("'address' gets 'units', smallest units of the token in digits") }
            evm.mint(units, of: evmToken, to: address)
            return [:]
        case "evm/reorganise":
            let depth = min(1_000, max(0, Int(clamping: wish["depth"]?.integerValue ?? 1)))
            evm.reorganise(depth: depth, dropping: wish["drop"]?.boolValue ?? false)
            return ["height": .integer(Int64(clamping: evm.height))]
        case "advance":
            clock.advance(by: .seconds(wish["seconds"]?.integerValue ?? 0))
            return ["now": .string(clock.now().description)]
        case "fault":
            try set(wish["network"]?.stringValue ?? "", wish["kind"]?.stringValue ?? "", wish)
            return [:]
        case "bots":
            guard let token = wish["token"]?.stringValue else { throw Refusal("'token' is a bot's token") }
            telegram.addBot(
                token: token,
                providerToken: wish["provider_token"]?.stringValue,
                stars: wish["stars"]?.integerValue ?? 0
            )
            return [:]
        case "telegram/pay":
            guard let link = wish["link"]?.stringValue else { throw Refusal("'link' is an invoice link") }
            let tip = wish["tip"]?.integerValue ?? 0
            return Self.json(await telegram.pay(link: link, by: wish["user"]?.stringValue ?? "alice", tip: tip))
        case "telegram/message":
            guard let text = wish["text"]?.stringValue else { throw Refusal("'text' is what the user writes") }
            telegram.write(
                text,
                to: wish["token"]?.stringValue ?? SandboxNetworks.botToken,
                by: wish["user"]?.stringValue ?? "alice",
                language: wish["language"]?.stringValue ?? "en"
            )
            return [:]
        case "telegram/webhook":
            let token = wish["token"]?.stringValue ?? SandboxNetworks.botToken
            guard let webhook = telegram.webhook(of: token) else { throw Refusal("the bot has no webhook") }
            return ["url": .string(webhook.url), "secret": .string(webhook.secret)]
        case "telegram/said":
            return ["said": .array(telegram.said(to: wish["user"]?.stringValue ?? "alice").map(JSONValue.string))]
        case "telegram/buy_media":
            guard let message = wish["message"]?.integerValue,
                let charge = telegram.buyMedia(message, by: wish["user"]?.stringValue ?? "alice")
            else { throw Refusal("'message' is the number of a message that sells media") }
            return ["charge_id": .string(charge)]
        case "telegram/subscription":
            let (charge, word) = (wish["charge_id"]?.stringValue ?? "", wish["state"]?.stringValue ?? "")
            guard telegram.setSubscription(of: charge, to: word) else {
                throw Refusal("'charge_id' began a subscription, and 'state' is canceled, active or failed")
            }
            return [:]
        case "telegram/withdraw":
            let (stars, token) = try Self.stars(wish)
            guard telegram.withdraw(stars, from: token, isFailing: wish["fails"]?.boolValue ?? false) else {
                throw Refusal("the bot does not have \(stars) Stars")
            }
            return [:]
        case "telegram/chargeback":
            let (stars, token) = try Self.stars(wish)
            telegram.chargeBack(stars, from: token)
            return [:]
        default: throw Refusal("the sandbox cannot '\(what.prefix(40))'")
        }
    }

    private static func stars(_ wish: JSONValue) throws -> (stars: Int64, token: String) {
        guard let stars = wish["stars"]?.integerValue, stars > 0 else { throw Refusal("'stars' is how many") }
        return (stars, wish["token"]?.stringValue ?? SandboxNetworks.botToken)
    }

    private static func json(_ outcome: FixtureTelegram.Outcome) -> JSONValue {
        switch outcome {
        case .paid(let charge): ["outcome": "paid", "charge_id": .string(charge)]
        case .declined(let message): ["outcome": "declined", "message": .string(message)]
        case .timedOut: ["outcome": "timed_out"]
        case .unknownLink: ["outcome": "unknown_link"]
        }
    }

    // MARK: - Paying

    /// How a customer pays.
    public struct Payment: Sendable {
        /// Who pays.
        public var user: String
        /// Smallest units; none: what is due.
        public var units: UInt128?
        /// The comment; none: the right one.
        public var comment: String?
        /// Whether there is no comment at all.
        public var hasNoComment: Bool
        /// Whether the transfer carries the bounced flag.
        public var isBounced: Bool
        /// Whether the jetton only looks like the right one.
        public var isCounterfeit: Bool
        /// Whether coins come through a contract, inside a chain transaction.
        public var isThroughContract = false

        /// A payment of what is due.
        public init(user: String) {
            self.user = user
            comment = nil
            hasNoComment = false
            isBounced = false
            isCounterfeit = false
        }

        init(_ wish: JSONValue) throws {
            self.init(user: wish["user"]?.stringValue ?? "alice")
            if let text = wish["units"]?.stringValue {
                guard let value = UInt128(text) else { throw Refusal("'units' are smallest units in digits") }
                units = value
            }
            comment = wish["comment"]?.stringValue
            hasNoComment = wish["no_comment"]?.boolValue ?? false
            isBounced = wish["bounced"]?.boolValue ?? false
            isCounterfeit = wish["counterfeit"]?.boolValue ?? false
            isThroughContract = wish["through_contract"]?.boolValue ?? false
        }
    }

    /// A customer pays a payment option as the REST interface shows it.
    ///
    /// - Throws: ``Refusal``, and what the networks throw.
    /// - Returns: whether the money was taken.
    public func pay(_ option: JSONValue, _ payment: Payment) async throws -> Bool {
        guard let rail = option["rail"]?.stringValue else { throw Refusal("the option has no rail") }
        if rail == "evm" { return try payEVM(option, payment) }
        guard rail == "ton" else {
            guard let link = option["link"]?.stringValue else { throw Refusal("the option has no link") }
            if case .paid = await telegram.pay(link: link, by: payment.user) { return true }
            return false
        }
        guard let text = option["address"]?.stringValue, let link = option["link"]?.stringValue,
            let due = Self.amount(in: link)
        else { throw Refusal("the option has no address and amount") }
        let address = try TONAddress(text)
        let comment = payment.hasNoComment ? nil : payment.comment ?? option["comment"]?.stringValue
        let units = payment.units ?? due
        if payment.isBounced {
            let body = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
            ton.arriveBounced(units, at: address, body: body, from: try ton.customer(payment.user).address)
        } else if link.contains("&jetton=") {
            try payJetton(units, to: address, comment, payment)
        } else {
            try ton.pay(units, to: address, comment: comment, by: payment.user)
        }
        return true
    }

    /// Pays what the link of EIP-681 asks for.
    private func payEVM(_ option: JSONValue, _ payment: Payment) throws -> Bool {
        guard let text = option["address"]?.stringValue, let link = option["link"]?.stringValue else {
            throw Refusal("the option has no address and link")
        }
        let address = try EVMAddress(text)
        let isToken = link.contains("/transfer?")
        guard let due = Self.field(isToken ? "uint256" : "value", in: link).flatMap({ BigUInt($0) }) else {
            throw Refusal("the link has no amount")
        }
        let units = payment.units.map { BigUInt($0) } ?? due
        guard isToken else {
            if payment.isThroughContract {
                try evm.send(units, to: evm.forwarder(), data: address.bytes, by: payment.user)
                return true
            }
            try evm.send(units, to: address, by: payment.user)
            return true
        }
        let token = payment.isCounterfeit ? evm.token("counterfeit dollar") : evmToken
        try evm.sendToken(units, of: token, to: address, by: payment.user)
        return true
    }

    private func payJetton(_ units: UInt128, to owner: TONAddress, _ comment: String?, _ payment: Payment) throws {
        let master = payment.isCounterfeit ? try ton.jettonMaster("counterfeit dollar") : jettonMaster
        let payer = try ton.customer(payment.user)
        try ton.mint(
            units,
            of: master,
            layout: .standard,
            to: payer.address,
            isCounterfeit: payment.isCounterfeit
        )
        try ton.mine()
        try ton.payJetton(
            units,
            of: master,
            layout: .standard,
            to: owner,
            comment: comment,
            by: payment.user,
            isCounterfeit: payment.isCounterfeit
        )
    }

    /// The amount of a transfer link, in smallest units.
    private static func amount(in link: String) -> UInt128? { field("amount", in: link).flatMap { UInt128($0) } }

    private static func field(_ name: String, in link: String) -> String? {
        let fields = link.split(separator: "?").last?.split(separator: "&") ?? []
        return fields.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    // MARK: - Faults

    /// Has a network misbehave.
    ///
    /// - Throws: ``Refusal`` when it cannot misbehave that way.
    public func set(_ network: String, _ kind: String, _ wish: JSONValue) throws(Refusal) {
        switch network {
        case "telegram":
            guard let fault = FixtureTelegram.Fault(rawValue: kind) else {
                throw Refusal("Telegram has no fault '\(kind)'")
            }
            telegram.set(fault)
        case "ton":
            var faults = FixtureTON.Faults()
            let times = Int(clamping: wish["times"]?.integerValue ?? 1)
            switch kind {
            case "none": break
            case "lag": faults.lag = Int(clamping: wish["blocks"]?.integerValue ?? 10)
            case "empty_page": faults.emptyPages = times
            case "failure": faults.failures = times
            case "rate_limit": faults.rateLimits = times
            case "lost_reply": faults.lostReplies = times
            case "gap": faults.hasGaps = true
            case "lie": faults.liesAboutHashes = true
            default: throw Refusal("TON has no fault '\(kind)'")
            }
            ton.set(faults)
        case "bridge":
            switch kind {
            case "failure": bridge.fail(times: Int(clamping: wish["times"]?.integerValue ?? 1))
            case "hang_up": bridge.hangUp()
            default: throw Refusal("a bridge has no fault '\(kind)'")
            }
        case "evm":
            var faults = FixtureEVM.Faults()
            let times = Int(clamping: wish["times"]?.integerValue ?? 1)
            switch kind {
            case "none": break
            case "lag": faults.lag = Int(clamping: wish["blocks"]?.integerValue ?? 10)
            case "empty_logs": faults.emptyLogs = times
            case "failure": faults.failures = times
            case "rate_limit": faults.rateLimits = times
            case "lost_reply": faults.lostReplies = times
            case "lie": faults.liesAboutLogs = true
            case "wrong_chain": faults.chainID = 1
            default: throw Refusal("the EVM chain has no fault '\(kind)'")
            }
            evm.set(faults, node: Int(clamping: wish["node"]?.integerValue ?? 0))
        default: throw Refusal("there is no network '\(network)'")
        }
    }
}
