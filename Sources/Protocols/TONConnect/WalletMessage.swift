import Seams
import StrictJSON

/// A message of a wallet (TON Connect, events and responses).
package enum WalletMessage: Hashable, Sendable {
    /// The customer has connected the wallet, and it states its account.
    case connected(account: String, network: String)
    /// The customer or the wallet has refused to connect.
    case refusedToConnect(reason: String)
    /// The answer to a request: the signed message, as a bag of cells in Base64.
    case sent(request: String, message: String)
    /// The customer or the wallet has refused a request.
    case refused(request: String, isByCustomer: Bool, reason: String)
    /// The wallet has forgotten the session.
    case disconnected

    /// The error code for a request that the customer has declined.
    private static let declinedByCustomer: Int64 = 300

    /// Reads a message; nil for unknown events.
    ///
    /// - Throws: ``TONConnectError`` with the code `malformed`.
    package init?(_ bytes: [UInt8]) throws(TONConnectError) {
        guard let value = try? JSONValue(parsing: bytes) else {
            throw TONConnectError(.malformed, "a wallet's message is not JSON")
        }
        if let event = value["event"]?.stringValue {
            guard let known = try Self.event(event, value["payload"]) else { return nil }
            self = known
            return
        }
        // Wallets return a request's number as text or as a number.
        guard let request = value["id"]?.stringValue ?? value["id"]?.integerValue.map({ "\($0)" }) else {
            throw TONConnectError(.malformed, "a wallet's answer does not name its request")
        }
        if let error = value["error"] {
            self = .refused(
                request: request,
                isByCustomer: error["code"]?.integerValue == Self.declinedByCustomer,
                reason: Self.words(error["message"]?.stringValue)
            )
        } else {
            self = .sent(request: request, message: value["result"]?.stringValue ?? "")
        }
    }

    private static func event(_ name: String, _ payload: JSONValue?) throws(TONConnectError) -> Self? {
        switch name {
        case "connect":
            let item = payload?["items"]?.arrayValue?.first { $0["name"]?.stringValue == "ton_addr" }
            guard let account = item?["address"]?.stringValue, let network = item?["network"]?.stringValue else {
                throw TONConnectError(.malformed, "a wallet connects without its account and network")
            }
            return .connected(account: account, network: network)
        case "connect_error": return .refusedToConnect(reason: words(payload?["message"]?.stringValue))
        case "disconnect": return .disconnected
        default: return nil
        }
    }

    /// A wallet's text, in a form that may be stored.
    private static func words(_ text: String?) -> String { PeerText(text ?? "").description }
}
