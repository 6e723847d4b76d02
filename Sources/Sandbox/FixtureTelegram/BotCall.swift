import Foundation
import HTTPMessages
import StrictJSON

/// A call of a Bot API method, with parameters from the query, a form, multipart or JSON.
struct BotCall: Sendable {
    var token: String
    let isTestEnvironment: Bool
    let method: String
    private let parameters: [String: String]

    /// Reads a request; returns nil when its path does not name a method.
    init?(_ request: HTTPRequest) {
        let target = request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        // "http://host/bot…": the third part begins with the host.
        let path = target.count == 3 && target[0].hasSuffix(":") ? target[2].drop { $0 != "/" } : request.url[...]
        let halves = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = (halves.first ?? "").split(separator: "/")
        guard let first = parts.first, first.hasPrefix("bot"), parts.count == 2 || parts.count == 3 else { return nil }
        isTestEnvironment = parts.count == 3
        guard !isTestEnvironment || parts[1] == "test" else { return nil }
        token = String(first.dropFirst(3))
        method = String(parts[parts.count - 1])
        var parameters = FormText.parse(halves.count == 2 ? Array(halves[1].utf8) : [])
        let type = request.field("Content-Type") ?? ""
        if type.hasPrefix("application/json"), let value = try? JSONValue(parsing: request.body) {
            for member in value.members ?? [] { parameters[member.key] = Self.text(member.value) }
        } else if type.hasPrefix("multipart/form-data") {
            parameters.merge(FormText.multipart(request.body, type: type)) { $1 }
        } else {
            parameters.merge(FormText.parse(request.body)) { $1 }
        }
        self.parameters = parameters
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: value.text
        }
    }

    func text(_ name: String) -> String? { parameters[name] }

    func integer(_ name: String) -> Int64? { parameters[name].flatMap { Int64($0) } }

    func flag(_ name: String) -> Bool { ["true", "True", "1"].contains(parameters[name]) }

    func json(_ name: String) -> JSONValue? {
        parameters[name].flatMap { try? JSONValue(parsing: Array($0.utf8)) }
    }
}

/// Form-encoded parameters, as browsers and clients write them.
enum FormText {
    static func parse(_ bytes: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            fields[decode(parts[0])] = parts.count == 2 ? decode(parts[1]) : ""
        }
        return fields
    }

    private static func decode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%"), let high = iterator.next(), let low = iterator.next() {
                output.append(UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16) ?? UInt8(ascii: "?"))
            } else {
                output.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The fields of a multipart body (RFC 7578); files are not needed here.
    static func multipart(_ body: [UInt8], type: String) -> [String: String] {
        guard let start = type.range(of: "boundary=") else { return [:] }
        let boundary = type[start.upperBound...].split(separator: ";")[0].filter { $0 != "\"" }
        let text = String(decoding: body, as: UTF8.self)
        var fields: [String: String] = [:]
        for part in text.split(separator: "--" + boundary) {
            let halves = part.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let name = halves[0].range(of: "name=\"") else { continue }
            let key = halves[0][name.upperBound...].prefix { $0 != "\"" }
            fields[String(key)] = halves[1].hasSuffix("\r\n") ? String(halves[1].dropLast()) : String(halves[1])
        }
        return fields
    }
}
