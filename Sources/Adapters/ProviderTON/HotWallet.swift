import Cryptography
import TON

/// The wallet that pays out: one that numbers its requests, or one that takes them in any order and many at once.
enum HotWallet: Sendable {
    case numbered(Wallet)
    case highload(HighloadWallet)

    func address() throws(TONError) -> TONAddress {
        switch self {
        case .numbered(let wallet): try wallet.address()
        case .highload(let wallet): try wallet.address()
        }
    }

    /// The number of messages, from the first one on, that one request can carry, see ``SizedWallet``.
    func capacity(for messages: [WalletMessage]) throws(TONError) -> Int {
        switch self {
        case .numbered(let wallet): try wallet.capacity(for: messages)
        case .highload(let wallet): try wallet.capacity(for: messages)
        }
    }

    /// The messages that a signed request asks for, in its order, and whether the wallet sends them through a message
    /// to itself.
    func transfers(in bag: [UInt8]) throws(TONError) -> (messages: [InternalMessage], isList: Bool) {
        guard case .externalIn(let message) = try Message(parsing: BagOfCells.root(of: bag)) else {
            throw TONError(.malformedStructure, "a request is a message from outside")
        }
        switch self {
        case .numbered(let wallet):
            let request = try WalletRequest(parsing: message.body, version: wallet.version)
            return (try Self.messages(request.messages), false)
        case .highload:
            let request = try HighloadRequest(parsing: message.body)
            let direct = try Self.messages([request.message])
            guard let own = direct.first, own.destination == message.destination else { return (direct, false) }
            var body = own.body.slice()
            try body.skip(96)
            return (try Self.messages(OutgoingActions.messages(in: body.loadReference())), true)
        }
    }

    private static func messages(_ sends: [OutgoingActions.Send]) throws(TONError) -> [InternalMessage] {
        var messages: [InternalMessage] = []
        for send in sends {
            guard case .internal(let message) = try Message(parsing: send.message) else {
                throw TONError(.malformedStructure, "a request asks for messages between accounts")
            }
            messages.append(message)
        }
        return messages
    }
}
