import Routing
import StrictJSON

/// The identifiers in an answer that a request wants replaced by their objects (`expand[]`).
///
/// A path such as `payment.invoice` goes up to four identifiers deep; in lists it begins with `data`.
struct Expansion: Sendable {
    /// A kind of object that holds identifiers of others, or is identified by one.
    enum Kind: String, CaseIterable {
        case exceptionCase = "cases"
        case invoice = "invoices"
        case paidMedia = "paid_media"
        case payment = "payments"
        case paymentLink = "payment_links"
        case refund = "refunds"
        case subscription = "subscriptions"

        /// The members that hold an identifier, each with the kind that it identifies.
        var members: [String: Kind] {
            switch self {
            case .exceptionCase: ["invoice": .invoice, "payment": .payment]
            case .invoice: ["payment_link": .paymentLink, "subscription": .subscription, "paid_media": .paidMedia]
            case .payment: ["invoice": .invoice]
            case .refund: ["payment": .payment]
            case .subscription: ["invoice": .invoice]
            case .paidMedia, .paymentLink: [:]
            }
        }

        /// The paths that lead from an object of this kind, up to a depth.
        func paths(depth: Int) -> [String] {
            guard depth > 0 else { return [] }
            return members.sorted { $0.key < $1.key }.flatMap { name, kind in
                [name] + kind.paths(depth: depth - 1).map { "\(name).\($0)" }
            }
        }
    }

    /// The most identifiers that a path may follow.
    static let depth = 4
    /// The most paths that a request may name.
    private static let limit = 10

    private let paths: [[Substring]]
    private let kind: Kind
    private let isList: Bool

    /// The expansion that a request asks of a route; nil when it asks for none.
    ///
    /// - Throws: `Problem` when the route cannot expand one of the paths.
    init?(_ texts: [String], of route: Routes.Route) throws {
        guard !texts.isEmpty else { return nil }
        guard texts.count <= Self.limit else {
            throw Problem.invalid("a request expands at most \(Self.limit) paths", "expand[]")
        }
        let known = Self.paths(of: route)
        for text in texts where !known.contains(text) {
            let choice = known.isEmpty ? "nothing" : known.joined(separator: ", ")
            throw Problem.invalid("'\(text.prefix(60))' cannot be expanded here; \(choice) can", "expand[]")
        }
        guard let kind = Kind(rawValue: route.path[1]) else { return nil }
        self.kind = kind
        isList = route.path.count == 2
        paths = texts.map { $0.split(separator: ".") }
    }

    /// The paths that can be expanded in the answers of a route.
    static func paths(of route: Routes.Route) -> [String] {
        guard route.method == "GET", let kind = Kind(rawValue: route.path[1]), route.path.count <= 3 else { return [] }
        return kind.paths(depth: depth).map { route.path.count == 2 ? "data.\($0)" : $0 }
    }

    /// Replaces identifiers in an answer by their objects.
    ///
    /// - Parameters:
    ///   - answer: an object, or a list of them.
    ///   - read: reads the object behind an identifier, if the request's key may.
    /// - Throws: what `read` throws.
    /// - Returns: the answer, with objects where `paths` lead.
    func applied(
        to answer: JSONValue,
        read: (Kind, String) async throws -> JSONValue
    ) async throws -> JSONValue {
        var known: [String: JSONValue] = [:]
        var answer = answer
        for path in paths {
            guard isList else {
                answer = try await Self.expand(answer, along: path[...], from: kind, &known, read)
                continue
            }
            var objects: [JSONValue] = []
            for object in answer["data"]?.arrayValue ?? [] {
                objects.append(try await Self.expand(object, along: path.dropFirst(), from: kind, &known, read))
            }
            answer = answer.replacing("data", with: .array(objects))
        }
        return answer
    }

    private static func expand(
        _ object: JSONValue,
        along path: ArraySlice<Substring>,
        from kind: Kind,
        _ known: inout [String: JSONValue],
        _ read: (Kind, String) async throws -> JSONValue
    ) async throws -> JSONValue {
        guard let first = path.first, let member = object[String(first)], let next = kind.members[String(first)] else {
            return object
        }
        var value = member
        if let id = member.stringValue {
            if let object = known[id] { value = object } else { value = try await read(next, id) }
            known[id] = value
        }
        value = try await expand(value, along: path.dropFirst(), from: next, &known, read)
        return object.replacing(String(first), with: value)
    }
}

extension JSONValue {
    /// The object with another value for one of its members.
    fileprivate func replacing(_ name: String, with value: JSONValue) -> JSONValue {
        guard let members else { return self }
        return .object(members.map { $0.key == name ? .init(name, value) : $0 })
    }
}
