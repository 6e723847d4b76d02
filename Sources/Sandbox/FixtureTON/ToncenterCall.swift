import Cryptography
import HTTPMessages
import StrictJSON
import TON

/// A refusal in toncenter's form.
struct ToncenterError: Error {
    let status: Int
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// A call of toncenter, however it came: in the query, as JSON, or as JSON-RPC.
struct ToncenterCall {
    let version: Int
    let method: String
    private let parameters: [(key: String, value: String)]
    /// The arguments of a get method.
    private let stack: [JSONValue]

    init?(_ request: HTTPRequest) {
        guard let start = request.url.utf8.firstRange(of: "/api/v".utf8)?.upperBound else { return nil }
        let rest = request.url[start...]
        let halves = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = (halves.first ?? "").split(separator: "/")
        guard parts.count == 2, let version = Int(parts[0]), version == 2 || version == 3 else { return nil }
        self.version = version
        var parameters: [(key: String, value: String)] = []
        for pair in halves.count == 2 ? halves[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append((String(sides[0]), sides.count == 2 ? Self.decoded(sides[1]) : ""))
        }
        let body = request.body.isEmpty ? nil : try? JSONValue(parsing: request.body)
        if parts[1] == "jsonRPC" {
            guard let method = body?["method"]?.stringValue else { return nil }
            self.method = method
            parameters += Self.members(body?["params"])
        } else {
            method = String(parts[1])
            parameters += Self.members(body)
        }
        stack = (body?["params"] ?? body ?? [:])["stack"]?.arrayValue ?? []
        self.parameters = parameters
    }

    private static func members(_ value: JSONValue?) -> [(key: String, value: String)] {
        (value?.members ?? []).compactMap { member in
            switch member.value {
            case .string(let text), .number(let text): (member.key, text)
            default: nil
            }
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%"), let high = iterator.next(), let low = iterator.next() {
                bytes.append(UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16) ?? byte)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func text(_ name: String) -> String? { parameters.last { $0.key == name }?.value }

    func integer(_ name: String) -> Int64? { text(name).flatMap { Int64($0) } }

    /// The first cell or slice among a get method's arguments, as `["tvm.Slice", "<a bag in Base64>"]`.
    func stackCell() throws(TONError) -> Cell? {
        guard let text = stack.first?.arrayValue?.last?.stringValue, let bytes = try? Base64.decode(text) else {
            return nil
        }
        return try BagOfCells(parsing: bytes).roots.first
    }

    /// All addresses of a call, of which there is at least one.
    func addresses() throws(ToncenterError) -> [TONAddress] {
        var addresses: [TONAddress] = []
        for (key, value) in parameters where key == "address" {
            guard let address = try? TONAddress(value) else { throw ToncenterError(422, "address is no address") }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw ToncenterError(422, "address of account is required") }
        return addresses
    }

    func address(_ name: String = "address") throws(ToncenterError) -> TONAddress {
        guard let text = text(name), let address = try? TONAddress(text) else {
            throw ToncenterError(422, "\(name) is no address")
        }
        return address
    }
}
