import Cryptography
public import Seams
import StrictJSON

/// What we ask of a wallet (TON Connect, requests).
public enum AppRequest: Hashable, Sendable {
    /// To show the customer messages, and to sign and send them when they agree.
    case sendTransaction(Transfer)
    /// To forget the session.
    case disconnect

    /// Messages that a wallet is to send.
    public struct Transfer: Hashable, Sendable {
        /// Until when it may be sent.
        public let validUntil: Timestamp
        /// The network: `-239` or `-3`.
        public let network: String
        /// The wallet's account, raw.
        public let from: String
        /// The messages.
        public let messages: [Message]

        /// Messages that a wallet is to send.
        public init(validUntil: Timestamp, network: String, from: String, messages: [Message]) {
            self.validUntil = validUntil
            self.network = network
            self.from = from
            self.messages = messages
        }
    }

    /// One message.
    public struct Message: Hashable, Sendable {
        /// To whom, in the friendly form.
        public let address: String
        /// Nanotons, in digits.
        public let amount: String
        /// The body as a bag of cells; none for none.
        public let payload: [UInt8]?

        /// One message.
        public init(address: String, amount: String, payload: [UInt8]?) {
            self.address = address
            self.amount = amount
            self.payload = payload
        }
    }

    /// The method's name, which is also the topic under which a bridge may announce it.
    public var method: String {
        switch self {
        case .sendTransaction: "sendTransaction"
        case .disconnect: "disconnect"
        }
    }

    /// The request's bytes.
    public func json(id: String) -> [UInt8] {
        var parameters: [JSONValue] = []
        if case .sendTransaction(let transfer) = self { parameters = [.string(Self.text(transfer))] }
        let value: JSONValue = ["method": .string(method), "params": .array(parameters), "id": .string(id)]
        return value.bytes
    }

    private static func text(_ transfer: Transfer) -> String {
        let messages = transfer.messages.map { message in
            var members = [
                JSONValue.Member("address", .string(message.address)), .init("amount", .string(message.amount)),
            ]
            if let payload = message.payload { members.append(.init("payload", .string(Base64.encode(payload)))) }
            return JSONValue.object(members)
        }
        let value: JSONValue = [
            "valid_until": .integer(transfer.validUntil.seconds), "network": .string(transfer.network),
            "from": .string(transfer.from), "messages": .array(messages),
        ]
        return value.text
    }
}
