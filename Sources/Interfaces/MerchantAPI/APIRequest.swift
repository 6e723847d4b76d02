import HTTPMessages
import Payments
import Records
import Routing
import Seams
import StrictJSON

/// A request of a merchant: its path, its query and its body, read strictly.
struct APIRequest: Sendable {
    let method: String
    let path: [String]
    let merchant: MerchantID
    /// The key that the request came with.
    let key: APIKeyID
    /// The rights of that key.
    let access: KeyAccess
    /// The paths of `expand[]`.
    let expansions: [String]
    private let query: [(key: String, value: String)]
    private let body: [UInt8]
    private let idempotencyKeys: [String]

    init(_ request: HTTPRequest, path: [String], query: [(key: String, value: String)], key: APIKeyRecord) {
        method = request.method
        self.path = path
        expansions = query.filter { $0.key == "expand[]" }.map(\.value)
        self.query = query.filter { $0.key != "expand[]" }
        merchant = key.merchant
        self.key = key.id
        access = key.access
        body = request.body
        idempotencyKeys = request.fields.filter { $0.isCalled("idempotency-key") }.map(\.value)
    }

    /// A part of the path, read as an identifier; text that is no identifier names no object, and gets a 404.
    func id<Kind>(at index: Int, _ kind: Kind.Type = Kind.self) throws -> Identifier<Kind> {
        do { return try Identifier(path[index]) } catch { throw Problem.notFound() }
    }

    /// The value of a query parameter.
    func parameter(_ name: String) -> String? { query.first { $0.key == name }?.value }

    /// A query parameter that is a moment; nil when it is not given.
    func moment(_ name: String) throws -> Timestamp? {
        guard let text = parameter(name) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            // A plus in a query is a space (WHATWG URL, application/x-www-form-urlencoded).
            guard !text.contains(" ") else {
                throw Problem.invalid(
                    "'\(name)' has a space where a plus was: a + in a query is written %2B, or write the moment with Z",
                    name
                )
            }
            throw Problem.invalid("'\(name)' is a moment of RFC 3339, for example 2026-11-26T12:00:00Z", name)
        }
        return moment
    }

    /// A query parameter that is one of some words; nil when it is not given.
    func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Word.Type = Word.self
    ) throws -> Word? {
        guard let text = parameter(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid("'\(name)' is one of \(known)", name)
        }
        return word
    }

    /// A query parameter that is an identifier; nil when it is not given.
    ///
    /// - Parameters:
    ///   - name: the parameter.
    ///   - kind: what it identifies, with its article, for the problem.
    /// - Throws: a `Problem` when the text is no such identifier.
    /// - Returns: the identifier.
    func identifier<Kind>(_ name: String, of kind: String) throws -> Identifier<Kind>? {
        guard let text = parameter(name) else { return nil }
        do { return try Identifier(text) } catch {
            throw Problem.invalid("'\(name)' is the identifier of \(kind)", name)
        }
    }

    /// Refuses query parameters that the route does not have, that come twice, or that cannot be stored.
    func allow(_ names: String...) throws {
        for (key, _) in query where !names.contains(key) {
            throw Problem.invalid("there is no parameter '\(key.prefix(40))'", key)
        }
        for (key, value) in query where !StorableText.isStorable(value) {
            throw Problem.invalid("'\(key)' holds U+0000, which no database keeps", key)
        }
        guard Set(query.map(\.key)).count == query.count else { throw Problem.unprocessable("a parameter comes twice") }
    }

    /// The page of a list that is asked for, with a limit one higher than stated, to show whether there is more.
    func page() throws -> Page {
        var limit = 10
        if let text = parameter("limit") {
            guard let value = Int(text), (1...100).contains(value) else {
                throw Problem.invalid("limit lies between 1 and 100", "limit")
            }
            limit = value
        }
        let (after, before) = (parameter("starting_after"), parameter("ending_before"))
        guard after == nil || before == nil else {
            throw Problem.unprocessable("starting_after and ending_before exclude each other", "starting_after")
        }
        return Page(after: after, before: before, limit: limit + 1)
    }

    /// The idempotency key; nil when there is none.
    func idempotencyKey() throws -> String? {
        guard let key = idempotencyKeys.first else { return nil }
        guard idempotencyKeys.count == 1, (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Problem.invalid(
                "an idempotency key has 1 to 255 characters of visible ASCII and comes once",
                "Idempotency-Key"
            )
        }
        return key
    }

    /// The body's object; members with other names are refused.
    func object(_ names: String...) throws -> JSONBody { try object(names) }

    /// The same, for names that are listed elsewhere.
    func object(_ names: [String]) throws -> JSONBody {
        let value: JSONValue
        if body.isEmpty {
            value = [:]
        } else {
            do { value = try JSONValue(parsing: body) } catch {
                throw Problem.invalid("the body is no JSON: \(error)", error.place.isEmpty ? nil : error.place)
            }
        }
        if let place = value.unstorablePlace {
            throw Problem.invalid("'\(place)' holds U+0000, which no database keeps", place)
        }
        guard let members = value.members else { throw Problem.invalid("the body is a JSON object") }
        for member in members where !names.contains(member.key) {
            throw Problem.invalid("there is no member '\(member.key.prefix(40))'", member.key)
        }
        return JSONBody(value: value)
    }

    /// Method, path and body: two requests are the same when these are.
    var fingerprintContent: [UInt8] { Array("\(method) /\(path.joined(separator: "/"))\n".utf8) + body }
}

/// An object of a body, read by type.
struct JSONBody: Sendable {
    let value: JSONValue
    /// Its place in the request's body; empty for the body itself.
    var place = ""

    /// The name of a member in a problem's `parameter`.
    func parameter(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw Problem.invalid("'\(name)' is missing", parameter(name)) }
        return text
    }

    func optionalText(_ name: String) throws -> String? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let text = member.stringValue else { throw Problem.invalid("'\(name)' is a string", parameter(name)) }
        return text
    }

    func optionalInteger(_ name: String) throws -> Int64? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let integer = member.integerValue else {
            throw Problem.invalid("'\(name)' is an integer", parameter(name))
        }
        return integer
    }

    func moment(_ name: String) throws -> Timestamp {
        guard let moment = Timestamp(rfc3339: try text(name)) else {
            throw Problem.invalid(
                "'\(name)' is a moment of RFC 3339, for example 2026-11-26T12:00:00Z",
                parameter(name)
            )
        }
        return moment
    }

    func flag(_ name: String) throws -> Bool { try optionalFlag(name) ?? false }

    func optionalFlag(_ name: String) throws -> Bool? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let flag = member.boolValue else { throw Problem.invalid("'\(name)' is true or false", parameter(name)) }
        return flag
    }

    func array(_ name: String) throws -> [JSONValue] {
        guard let member = value[name], !member.isNull else { return [] }
        guard let array = member.arrayValue else { throw Problem.invalid("'\(name)' is an array", parameter(name)) }
        return array
    }

    /// Labels: an object whose values are strings.
    func labels(_ name: String) throws -> Labels {
        guard let member = value[name], !member.isNull else { return [:] }
        guard let members = member.members else { throw Problem.invalid("'\(name)' is an object", parameter(name)) }
        guard members.count <= 50 else {
            throw Problem.unprocessable("'\(name)' has at most 50 keys", parameter(name))
        }
        var labels = Labels()
        for label in members {
            guard let text = label.value.stringValue, label.key.utf8.count <= 40, text.utf8.count <= 500 else {
                throw Problem.unprocessable(
                    "'\(name)' has keys of at most 40 and strings of at most 500 bytes",
                    parameter(name)
                )
            }
            labels[label.key] = text
        }
        return labels
    }

    /// A member that holds one of some words.
    func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Word.Type = Word.self
    ) throws -> Word {
        let text = try text(name)
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid("'\(name)' is one of \(known)", parameter(name))
        }
        return word
    }
}

extension JSONValue {
    /// The place of a text that a database cannot store, named as in a problem's `parameter`; nil when there is none.
    fileprivate var unstorablePlace: String? {
        switch self {
        case .null, .bool, .number: return nil
        case .string(let text): return StorableText.isStorable(text) ? nil : ""
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let place = element.unstorablePlace { return JSONError.place(place, within: "[\(index)]") }
            }
        case .object(let members):
            for member in members {
                guard StorableText.isStorable(member.key) else { return StorableText(member.key, limit: 100).text }
                if let place = member.value.unstorablePlace { return JSONError.place(place, within: member.key) }
            }
        }
        return nil
    }
}
