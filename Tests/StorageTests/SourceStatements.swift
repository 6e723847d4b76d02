import Foundation

/// The statements in the sources of the storage, as they are written there.
struct SourceStatements {
    /// A text with SQL in a function.
    struct Statement: Hashable {
        /// The function or the property that it stands in, with the labels of its arguments.
        let place: String
        /// The text, with its interpolations.
        let sql: String
    }

    /// A function or a property of a source.
    struct Member: Hashable {
        let name: String
        let code: String
    }

    let statements: [Statement]
    let members: [Member]

    /// Reads every source of the queries.
    init() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Adapters/Storage")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
        var (statements, members): ([Statement], [Member]) = ([], [])
        for case let file as URL in files where file.pathExtension == "swift" {
            guard !file.path.contains("/Schema/") else { continue }
            for member in Self.members(of: try String(contentsOf: file, encoding: .utf8)) {
                members.append(member)
                statements += Self.texts(in: member.code).map { Statement(place: member.name, sql: $0) }
            }
        }
        self.statements = statements
        self.members = members
    }

    /// The members of a source's types: they begin with four spaces and a declaration.
    private static func members(of source: String) -> [Member] {
        var (members, lines, name): ([Member], [Substring], String) = ([], [], "")
        func end() {
            let code = lines.joined(separator: "\n")
            members.append(Member(name: name.isEmpty ? "" : Self.name(name, in: code), code: code))
            lines = []
        }
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("//") { continue }
            if line.count - trimmed.count <= 4,
                let match = trimmed.firstMatch(
                    of: /^(?:(?:package|private|fileprivate|static|mutating) )*(?:func|var|let|init) ?(\w*)/
                )
            {
                end()
                name = String(match.1)
            }
            lines.append(line)
        }
        end()
        return members
    }

    /// The name of a function with the labels of its arguments, as in `outgoing(hash:)`.
    private static func name(_ name: String, in code: String) -> String {
        guard let start = code.firstRange(of: "func \(name)") else { return name }
        guard let open = code[start.upperBound...].firstIndex(of: "(") else { return name }
        var (depth, parts) = (0, [""])
        for character in code[open...] {
            if ")]>}".contains(character) { depth -= 1 }
            if depth == 0, character == ")" { break }
            if depth == 1, character == "," {
                parts.append("")
            } else if depth >= 1 {
                parts[parts.count - 1].append(character)
            }
            if "([<{".contains(character) { depth += 1 }
        }
        let labels = parts.compactMap { $0.split { " \n:".contains($0) }.first.map { "\($0):" } }
        return "\(name)(\(labels.joined()))"
    }

    /// The string literals of a code, those inside of interpolations as parts of theirs.
    private static func texts(in code: String) -> [String] {
        var texts: [String] = []
        var rest = Substring(code)
        while let quote = rest.firstIndex(of: "\"") {
            rest = rest[quote...]
            let mark = rest.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
            rest = rest.dropFirst(mark.count)
            let text = Self.text(&rest, until: mark)
            if text.contains(/\b(SELECT|INSERT|UPDATE|DELETE|FROM|JOIN|EXISTS)\b/) { texts.append(text) }
        }
        return texts
    }

    private static func text(_ rest: inout Substring, until mark: String) -> String {
        var (text, depth, isQuoted) = ("", 0, false)
        while let character = rest.first {
            if depth == 0, rest.hasPrefix(mark) {
                rest = rest.dropFirst(mark.count)
                return text
            }
            if rest.hasPrefix("\\(") {
                depth += 1
                text += "\\("
                rest = rest.dropFirst(2)
                continue
            }
            if character == "\\" {
                text += rest.prefix(2)
                rest = rest.dropFirst(2)
                continue
            }
            if depth > 0 {
                if character == "\"" { isQuoted.toggle() }
                if !isQuoted, character == "(" { depth += 1 }
                if !isQuoted, character == ")" { depth -= 1 }
            }
            text.append(character)
            rest = rest.dropFirst()
        }
        return text
    }
}
