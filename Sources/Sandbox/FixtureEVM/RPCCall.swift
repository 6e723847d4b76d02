import BigInt
import EVM
import StrictJSON

/// A call of JSON-RPC, with its parameters by place.
struct RPCCall {
    let method: String
    let parameters: [JSONValue]

    init(_ value: JSONValue) throws(RPCError) {
        guard value["jsonrpc"]?.stringValue == "2.0", let method = value["method"]?.stringValue else {
            throw RPCError(-32_600, "invalid request")
        }
        self.method = method
        parameters = value["params"]?.arrayValue ?? []
    }

    func value(_ index: Int) -> JSONValue? {
        guard parameters.indices.contains(index), !parameters[index].isNull else { return nil }
        return parameters[index]
    }

    func text(_ index: Int) -> String? { value(index)?.stringValue }

    func address(_ index: Int) throws(RPCError) -> EVMAddress { try Self.address(value(index), index) }

    static func address(_ value: JSONValue?, _ index: Int) throws(RPCError) -> EVMAddress {
        guard let text = value?.stringValue, let address = try? EVMAddress(text.lowercased()) else {
            throw missing(index, "an address")
        }
        return address
    }

    func hash(_ index: Int) throws(RPCError) -> EVMHash {
        guard let text = text(index), let hash = try? EVMHash(text) else { throw Self.missing(index, "a hash") }
        return hash
    }

    func bytes(_ index: Int) throws(RPCError) -> [UInt8] {
        guard let text = text(index), let bytes = try? EVMQuantity.bytes(text) else {
            throw Self.missing(index, "data")
        }
        return bytes
    }

    func integer(_ index: Int) throws(RPCError) -> BigUInt {
        guard let value = value(index) else { throw Self.missing(index, "a quantity") }
        // Anvil's methods accept plain numbers as well.
        if let plain = value.integerValue, let count = BigUInt(exactly: plain) { return count }
        guard let text = value.stringValue, let quantity = try? EVMQuantity.integer(text) else {
            throw Self.missing(index, "a quantity")
        }
        return quantity
    }

    func count(_ index: Int, default standard: Int) throws(RPCError) -> Int {
        guard value(index) != nil else { return standard }
        guard let count = Int(exactly: try integer(index)), count <= 10_000 else {
            throw RPCError(-32_602, "at most 10000 at once")
        }
        return count
    }

    static func missing(_ index: Int, _ what: String) -> RPCError {
        RPCError(-32_602, "invalid argument \(index): \(what) is wanted")
    }
}
