import Foundation
import Yams

/// Reads YAML files strictly: a key that nobody reads is an error, because it is probably misspelt.
package enum ConfigurationFile {
    private static let maximumBytes = 1 << 20

    package static func text(at path: String) throws(ConfigurationError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("there is no readable file \(path)")
        }
        guard data.count <= maximumBytes, let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError("\(path) has to be UTF-8 and smaller than a megabyte")
        }
        return text
    }

    package static func decode<Value: Codable>(_ type: Value.Type, at path: String) throws(ConfigurationError) -> Value
    {
        try decode(type, from: text(at: path), named: path)
    }

    package static func decode<Value: Codable>(
        _ type: Value.Type,
        from text: String,
        named name: String
    ) throws(ConfigurationError) -> Value {
        do {
            let value = try YAMLDecoder().decode(type, from: text)
            let written = try Yams.compose(yaml: text)
            let understood = try Yams.compose(yaml: YAMLEncoder().encode(value))
            let unread = written.map { unreadKeys(of: $0, understood, at: "") } ?? []
            guard unread.isEmpty else {
                throw ConfigurationError("\(name): nothing is called \(unread.joined(separator: ", "))")
            }
            return value
        } catch let error as ConfigurationError {
            throw error
        } catch let error as DecodingError {
            throw ConfigurationError("\(name): \(sentence(error))")
        } catch { throw ConfigurationError("\(name): \(error)") }
    }

    /// The keys of `written` that are missing in `understood`.
    private static func unreadKeys(of written: Node, _ understood: Node?, at path: String) -> [String] {
        if let mapping = written.mapping {
            return mapping.flatMap { key, value -> [String] in
                let name = path + (key.string ?? "?")
                guard value.null == nil else { return [] }
                guard let known = understood?.mapping?[key] else { return [name] }
                return unreadKeys(of: value, known, at: name + ".")
            }
        }
        guard let items = written.sequence, let known = understood?.sequence else { return [] }
        return zip(items, known).flatMap { unreadKeys(of: $0, $1, at: path) }
    }

    private static func sentence(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            let outer = place(context)
            return "'\(key.stringValue)' is missing\(outer.isEmpty ? "" : " in \(outer)")"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "\(place(context)): \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}
