import Foundation
package import HTTPMessages
package import Money
package import Seams
import StrictJSON

/// The reason why a source gave no rates, as a sentence.
package struct RateFeedError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    package let description: String

    init(_ reason: String) {
        description = reason
    }
}

/// A source of prices.
package protocol RateFeed: Sendable {
    /// Its name, which each rate carries.
    var name: String { get }
    /// The rates that it has now.
    ///
    /// - Throws: ``RateFeedError``; an invalid price leaves out only its own pair.
    func read(at now: Timestamp) async throws(RateFeedError) -> [Rate]
}

/// A JSON document on the web, with the places of prices in it.
package struct HTTPRateFeed: RateFeed {
    /// A price in the document.
    package struct Place: Hashable, Sendable {
        let base: AssetID
        let quote: AssetID
        let pointer: [String]

        /// A price at a JSON pointer (RFC 6901), for example `/the-open-network/eur`.
        package init(base: AssetID, quote: AssetID, pointer: String) {
            self.base = base
            self.quote = quote
            self.pointer = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
                String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            }
        }
    }

    private static let limit = 1 << 20

    /// Its name.
    package let name: String
    private let url: String
    private let places: [Place]
    private let transport: any HTTPTransport

    /// A document and the places of prices in it.
    package init(name: String, url: String, places: [Place], transport: any HTTPTransport) {
        self.name = name
        self.url = url
        self.places = places
        self.transport = transport
    }

    /// The prices that the document has now.
    ///
    /// - Throws: ``RateFeedError``.
    package func read(at now: Timestamp) async throws(RateFeedError) -> [Rate] {
        let response: HTTPResponse
        do {
            response = try await transport.send(HTTPRequest(url: url, maximumResponseBytes: Self.limit))
        } catch { throw RateFeedError("\(name): \(error)") }
        guard response.status == 200 else { throw RateFeedError("\(name) answered \(response.status)") }
        let document: JSONValue
        do { document = try JSONValue(parsing: response.body) } catch { throw RateFeedError("\(name): \(error)") }
        let rates = places.compactMap { place -> Rate? in
            guard let text = document.text(at: place.pointer) else { return nil }
            return try? Rate(base: place.base, quote: place.quote, price: text, source: name, observedAt: now)
        }
        guard !rates.isEmpty else { throw RateFeedError("\(name) has no price at any of the configured places") }
        return rates
    }
}

/// A JSON file written by another program: `{"rates": [{"base", "quote", "price", "observed_at"}]}`.
package struct FileRateFeed: RateFeed {
    /// Its name.
    package let name: String
    private let path: String

    /// The file at a path.
    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    /// The prices in the file.
    ///
    /// - Throws: ``RateFeedError``.
    package func read(at now: Timestamp) async throws(RateFeedError) -> [Rate] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RateFeedError("\(name): \(path) cannot be read")
        }
        let document: JSONValue
        do { document = try JSONValue(parsing: [UInt8](data)) } catch { throw RateFeedError("\(name): \(error)") }
        guard let entries = document["rates"]?.arrayValue else { throw RateFeedError("\(name): 'rates' is no array") }
        return entries.compactMap { entry in
            guard let base = entry["base"]?.stringValue, let quote = entry["quote"]?.stringValue,
                let price = entry["price"]?.stringValue,
                let moment = entry["observed_at"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
            else { return nil }
            return try? Rate(
                base: AssetID(base),
                quote: AssetID(quote),
                price: price,
                source: name,
                observedAt: moment
            )
        }
    }
}

extension JSONValue {
    /// The text of a number or a string at a JSON pointer.
    fileprivate func text(at pointer: [String]) -> String? {
        var value = self
        for part in pointer {
            let next =
                value[part]
                ?? Int(part).flatMap { index in
                    value.arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
            guard let next else { return nil }
            value = next
        }
        if case .number(let text) = value { return Self.plain(text) }
        return value.stringValue
    }

    /// A number without its exponent, with the point moved; nil for an exponent beyond ±30.
    private static func plain(_ text: String) -> String? {
        let halves = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        guard halves.count == 2 else { return text }
        let parts = halves[0].split(separator: ".", maxSplits: 1)
        guard let exponent = Int(halves[1]), (-30...30).contains(exponent), let whole = parts.first,
            !whole.hasPrefix("-")
        else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        let digits = Array(String(repeating: "0", count: 30) + whole + fraction + String(repeating: "0", count: 30))
        let point = 30 + whole.count + exponent
        let integer = String(digits[..<point].drop { $0 == "0" })
        let rest = digits[point...]
        let kept = rest.prefix(rest.count - rest.reversed().prefix { $0 == "0" }.count)
        return (integer.isEmpty ? "0" : integer) + (kept.isEmpty ? "" : "." + String(kept))
    }
}
