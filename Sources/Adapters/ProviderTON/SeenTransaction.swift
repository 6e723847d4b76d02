import StrictJSON
import TON

/// A chain transaction as a stream tells of it: only its place is the chain's, and nothing of it is proven.
struct SeenTransaction: Hashable, Sendable {
    let account: TONAddress
    let lt: UInt64
    let hash: CellHash
    let now: UInt32
    /// The message that it has taken: who sent it, and how much it carried.
    let source: TONAddress?
    let value: UInt128
    let body: Cell
    let isBounced: Bool
    let isAborted: Bool
    /// Whether the account's code ran and succeeded.
    let didExecute: Bool
    /// Whether it has sent messages.
    let hasSent: Bool

    /// Reads a chain transaction in the form of toncenter's version 3; nil when it takes no message between accounts, or
    /// cannot be read.
    init?(_ told: JSONValue) {
        guard let account = told["account"]?.stringValue.flatMap({ try? TONAddress($0) }),
            let lt = told["lt"]?.stringValue.flatMap({ UInt64($0) }), let hash = ToncenterClient.hash(told["hash"]),
            let now = told["now"]?.integerValue.flatMap({ UInt32(exactly: $0) }), let message = told["in_msg"],
            let value = message["value"]?.stringValue.flatMap({ UInt128($0) }), value >> 96 == 0,
            let text = message["message_content"]?["body"]?.stringValue, let body = try? BagOfCells.root(ofText: text)
        else { return nil }
        (self.account, self.lt, self.hash, self.now) = (account, lt, hash, now)
        (self.value, self.body) = (value, body)
        source = message["source"]?.stringValue.flatMap { try? TONAddress($0) }
        isBounced = message["bounced"]?.boolValue ?? true
        isAborted = told["description"]?["aborted"]?.boolValue ?? true
        didExecute = told["description"]?["compute_ph"]?["success"]?.boolValue ?? false
        hasSent = told["out_msgs"]?.arrayValue?.isEmpty == false
    }
}
