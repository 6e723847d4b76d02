import Cryptography
package import Seams
import StrictJSON

/// A request of ours to a wallet (TON Connect, requests).
package enum AppRequest: Hashable, Sendable {
    /// Show messages to the customer, and sign and send them when the customer agrees.
    case sendTransaction(Transfer)
    /// Forget the session.
    case disconnect

    /// Messages that a wallet is to send.
    package struct Transfer: Hashable, Sendable {
        /// Until when it may be sent.
        package let validUntil: Timestamp
        /// The network: `-239` or `-3`.
        package let network: String
        /// The wallet's account, raw.
        package let from: String
        /// The messages.
        package let messages: [Message]

        /// Messages that a wallet is to send.
        package init(validUntil: Timestamp, network: String, from: String, messages: [Message]) {
            self.validUntil = validUntil
            self.network = network
            self.from = from
            self.messages = messages
        }
    }

    /// One message.
    package struct Message: Hashable, Sendable {
        /// The receiver, in the friendly form.
        package let address: String
        /// Nanotons, in digits.
        package let amount: String
        /// The body as a bag of cells; nil for no body.
        package let payload: [UInt8]?

        /// One message.
        package init(address: String, amount: String, payload: [UInt8]?) {
            self.address = address
            self.amount = amount
            self.payload = payload
        }
    }

    /// The method's name, which is also the topic under which a bridge may announce it.
    package var method: String {
        switch self {
        case .sendTransaction: "sendTransaction"
        case .disconnect: "disconnect"
        }
    }

    /// The request's bytes.
    package func json(id: String) -> [UInt8] {
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
