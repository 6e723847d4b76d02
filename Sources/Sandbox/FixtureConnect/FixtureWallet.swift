import Cryptography
package import FixtureTON
import HTTPMessages
package import Seams
import StrictJSON
import TON
import TONConnect

/// Customers' wallets that speak TON Connect, for tests: each opens a link, and follows its owner's decision.
package struct FixtureWallet: Sendable {
    /// The decision of a wallet's owner.
    package enum Decision: String, Sendable, CaseIterable {
        /// Connects, and sends what is asked for.
        case pay
        /// Connects, and refuses the payment.
        case decline
        /// Does not connect.
        case refuse = "refuse_to_connect"
        /// Connects, and does not answer.
        case ignore
        /// Connects as a wallet of the other network.
        case otherNetwork = "other_network"
        /// Connects, and cannot do what is asked for.
        case fail
    }

    private let bridge: FixtureBridge
    private let chain: FixtureTON
    private let random: any RandomSource

    /// Wallets on a chain, reached over a bridge.
    package init(bridge: FixtureBridge, chain: FixtureTON, random: any RandomSource) {
        self.bridge = bridge
        self.chain = chain
        self.random = random
    }

    /// Opens a link.
    ///
    /// - Parameters:
    ///   - link: the link that a page shows.
    ///   - name: the owner of the wallet.
    ///   - decision: the owner's decision.
    /// - Throws: `TONError`, `TONConnectError` and `CryptographyError`; ``FixtureConnectError`` for an unusable link.
    /// - Returns: the outcome: `sent`, `declined`, `refused`, `connected`, or `forgotten` when the app ended the
    ///   session without asking.
    package func open(_ link: String, of name: String, _ decision: Decision) async throws -> String {
        let target = RequestTarget(Self.unwrapped(link))
        guard target.parameter("v") == "2", let app = target.parameter("id"),
            let request = target.parameter("r").flatMap({ try? JSONValue(parsing: Array($0.utf8)) }),
            request["manifestUrl"]?.stringValue?.hasPrefix("http") ?? false,
            request["items"]?.arrayValue?.first?["name"]?.stringValue == "ton_addr"
        else { throw FixtureConnectError(description: "the link is none of TON Connect: v, id and r are needed") }
        let keys = try SessionKeys(random: random)
        let customer = try chain.customer(name)
        guard decision != .refuse else {
            let payload: JSONValue = ["code": .integer(300), "message": "User declined the connection"]
            try say(["event": "connect_error", "id": .integer(0), "payload": payload], to: app, keys)
            return "refused"
        }
        // The app may send its request as soon as it knows the wallet.
        let events = bridge.events(of: [keys.clientID], after: 0)
        try say(connection(of: customer, decision), to: app, keys)
        guard decision != .ignore, decision != .otherNetwork else { return "connected" }
        var reader = EventStreamReader()
        for await piece in events {
            for event in try reader.read(piece) where event.type == "message" {
                let value = try JSONValue(parsing: Array(event.data.utf8))
                let sealed = value["message"]?.stringValue ?? ""
                let asked = try JSONValue(parsing: keys.open(sealed, from: app))
                return try answer(asked, decision, of: customer) { try say($0, to: app, keys) }
            }
        }
        return "forgotten"
    }

    /// The query of a link whose request stands in Telegram's start parameter.
    private static func unwrapped(_ link: String) -> String {
        guard let range = link.firstRange(of: "startattach=tonconnect-") else { return link }
        let escapes = [("--", "%"), ("__", "="), ("-", "&"), ("%5F", "_"), ("%2D", "-"), ("%2E", ".")]
        return "?" + escapes.reduce(String(link[range.upperBound...])) { $0.replacing($1.0, with: $1.1) }
    }

    private func say(_ value: JSONValue, to app: String, _ keys: SessionKeys) throws {
        bridge.post(try keys.seal(value.bytes, for: app, random: random), from: keys.clientID, to: app)
    }

    private func connection(of customer: FixtureTON.Customer, _ decision: Decision) throws -> JSONValue {
        let isMain = (chain.network == .mainnet) != (decision == .otherNetwork)
        let state = try customer.wallet.stateInit().cell().serialized()
        let item: JSONValue = [
            "name": "ton_addr", "address": .string(customer.address.raw), "network": isMain ? "-239" : "-3",
            "publicKey": .string(Hex.encode(customer.key.publicKey.bytes)),
            "walletStateInit": .string(Base64.encode(state)),
        ]
        let device: JSONValue = [
            "platform": "linux", "appName": "sandbox", "appVersion": "1", "maxProtocolVersion": .integer(2),
            "features": [["name": "SendTransaction", "maxMessages": .integer(4)]],
        ]
        return ["event": "connect", "id": .integer(0), "payload": ["items": [item], "device": device]]
    }

    private func answer(
        _ asked: JSONValue,
        _ decision: Decision,
        of customer: FixtureTON.Customer,
        _ say: (JSONValue) throws -> Void
    ) throws -> String {
        guard asked["method"]?.stringValue == "sendTransaction", let id = asked["id"] else { return "forgotten" }
        func refuse(_ code: Int64, _ message: String) throws {
            try say(["error": ["code": .integer(code), "message": .string(message)], "id": id])
        }
        guard decision == .pay else {
            decision == .decline
                ? try refuse(300, "User declined the transaction") : try refuse(0, "The wallet is out of order")
            return "declined"
        }
        let wish = try JSONValue(parsing: Array((asked["params"]?.arrayValue?.first?.stringValue ?? "").utf8))
        guard wish["from"]?.stringValue == customer.address.raw else {
            try refuse(1, "the account is another")
            return "declined"
        }
        var messages: [TON.WalletMessage] = []
        for message in wish["messages"]?.arrayValue ?? [] {
            let address = try AddressText(message["address"]?.stringValue ?? "")
            let body = try message["payload"]?.stringValue.map { try BagOfCells.root(ofText: $0) }
            messages.append(
                try TON.WalletMessage(
                    to: address.address,
                    amount: UInt128(message["amount"]?.stringValue ?? "") ?? 0,
                    bounce: address.isBounceable ?? true,
                    body: body
                )
            )
        }
        let sent = try chain.send(messages, by: customer)
        try say(["result": .string(Base64.encode(try sent.serialized())), "id": id])
        return "sent"
    }
}

/// The error for a link that no wallet can follow.
package struct FixtureConnectError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, as a sentence.
    package let description: String
}
