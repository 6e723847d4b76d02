import StrictJSON

/// The page's texts in one language.
struct Texts: Sendable {
    /// The language's code (BCP 47, primary subtag).
    let language: String
    private let entries: [String: String]

    /// All languages; the first is the default.
    static let all = [Texts("en", PackageResources.en_json), Texts("ru", PackageResources.ru_json)]

    private init(_ language: String, _ bytes: [UInt8]) {
        self.language = language
        var entries: [String: String] = [:]
        // The files are part of the program, and a test reads them. A file that is no JSON leaves a page without words
        // rather than stop the process.
        for member in (try? JSONValue(parsing: bytes))?.members ?? [] { entries[member.key] = member.value.stringValue }
        self.entries = entries
    }

    /// The language that the customer chose, or else the first accepted one that there is.
    static func choose(_ chosen: String?, accepting header: String?) -> Texts {
        let asked = [chosen ?? ""] + (header ?? "").split(separator: ",").prefix(20).map { String($0) }
        for tag in asked {
            let code = tag.split(whereSeparator: { ";-_ ".contains($0) }).first.map { $0.lowercased() } ?? ""
            if let texts = all.first(where: { $0.language == code }) { return texts }
        }
        return all[0]
    }

    /// The keys of all texts.
    var keys: Set<String> { Set(entries.keys) }

    /// A sentence; `{name}` in it stands for a value.
    func text(_ key: String, _ values: [String: String] = [:]) -> String {
        var text = entries[key] ?? key
        for (name, value) in values { text = text.replacing("{\(name)}", with: value) }
        return text
    }

    /// All sentences by group, as the template names them.
    var groups: [String: [String: String]] {
        var groups: [String: [String: String]] = [:]
        for (key, text) in entries {
            let parts = key.split(separator: ".", maxSplits: 1)
            groups[String(parts[0]), default: [:]][parts.count == 2 ? String(parts[1]) : ""] = text
        }
        return groups
    }

    /// An amount as people of the language write it, from its canonical text.
    func amount(_ canonical: String, _ ticker: String) -> String {
        let halves = canonical.split(separator: ".", maxSplits: 1)
        let digits = Array(halves[0])
        var whole = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, digits[index - 1] != "-", (digits.count - index) % 3 == 0 { whole += text("number.group") }
            whole.append(digit)
        }
        let fraction = halves.count == 2 ? text("number.decimal") + halves[1] : ""
        return "\(whole)\(fraction) \(ticker)"
    }
}
