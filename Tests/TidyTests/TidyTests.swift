import Foundation
import Testing

/// The project's files.
enum Project {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func files(below folder: String, endingIn ending: String) -> [String] {
        let found =
            FileManager.default.enumerator(atPath: Self.folder + "/" + folder)?.compactMap { $0 as? String } ?? []
        return found.filter { $0.hasSuffix(ending) }.map { folder + "/" + $0 }.sorted()
    }

    /// Whether a file of Sources belongs to a target: Sources, the layer, the target.
    static func isFile(_ file: String, of target: String) -> Bool {
        file.split(separator: "/").dropFirst(2).first.map { $0 == target } ?? false
    }

    static func lines(of file: String) throws -> [String] {
        try text(of: file).components(separatedBy: "\n")
    }

    static func text(of file: String) throws -> String {
        try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
    }
}

@Suite("The source tree")
struct TidyTests {
    static let sources = Project.files(below: "Sources", endingIn: ".swift")

    /// The targets in which amounts are exact.
    private static let exact = [
        "Money", "Ledger", "Payments", "Rates", "Settlement", "Reconciliation", "Storage", "Providers",
    ]

    /// Banned words, the targets without them, and the exceptions.
    static let banned: [(word: String, folders: [String], except: [String])] = [
        ("Double", exact, []),
        ("Float", exact, []),
        ("Decimal(", exact, []),
        ("Date()", [""], []),
        ("UUID()", [""], ["Sources/Sandbox/SandboxCommands/TemporaryFolder.swift"]),
        ("Task.sleep", [""], ["Sources/Base/Seams/SystemClock.swift"]),
        (".random(in:", [""], []),
        ("try!", [""], []),
        ("fatalError(", [""], []),
        (" as! ", [""], []),
        ("TODO", [""], []),
        ("FIXME", [""], []),
        (" print(", [""], []),
        ("JSONDecoder", [""], []),
        ("JSONSerialization", [""], []),
        ("LedgerWriter(", [""], ["Sources/Application/Settlement/Decisions/Applier.swift"]),
        ("INTO ledger_transactions", [""], ["Sources/Adapters/Storage/LedgerWriter.swift"]),
        ("INTO postings", [""], ["Sources/Adapters/Storage/LedgerWriter.swift"]),
    ]

    @Test("has no banned words", arguments: banned.map(\.word))
    func words(word: String) throws {
        guard let rule = Self.banned.first(where: { $0.word == word }) else { return }
        let files = Self.sources.filter { file in
            !rule.except.contains(file) && rule.folders.contains { $0.isEmpty || Project.isFile(file, of: $0) }
        }
        for file in files {
            for (number, line) in try Project.lines(of: file).enumerated() {
                let code = line.components(separatedBy: "//")[0]
                #expect(!code.contains(word), "\(file):\(number + 1) has \(word)")
            }
        }
    }

    @Test("decides without a database: no file of rules, or of the draft that they fill, names a session")
    func decisions() throws {
        let rules = Self.sources.filter { file in
            let name = file.split(separator: "/").last ?? ""
            return Project.isFile(file, of: "Settlement") && (name.hasSuffix("Rules.swift") || name.hasPrefix("Draft"))
        }
        #expect(rules.count >= 10)
        for file in rules { #expect(try !Project.text(of: file).contains("SQLSession"), "\(file) reads") }
    }

    /// The ways in which a client reads a peer's text, and the gates that it has to pass.
    private static let peerWords = [
        "[\"description\"]?.stringValue", "[\"message\"]?.stringValue", "[\"error\"]?.stringValue", "PQerrorMessage(",
    ]
    private static let ways = ["PeerText(", "PeerText.init", "words(", "line("]
    private static let clients = [
        "TelegramBot", "ProviderTelegram", "ProviderTON", "ProviderEVM", "TONConnect", "Rates", "StoragePostgreSQL",
    ]

    @Test("passes peers' texts through the gate")
    func peers() throws {
        // A sealed message, and a receipt that a merchant writes.
        let others = [
            "Sources/Protocols/TONConnect/Bridge.swift", "Sources/Adapters/ProviderTelegram/FiscalReceipt.swift",
        ]
        var found = 0
        for file in Self.sources
        where Self.clients.contains(where: { Project.isFile(file, of: $0) }) && !others.contains(file) {
            for (number, line) in try Project.lines(of: file).enumerated()
            where Self.peerWords.contains(where: line.contains) {
                found += 1
                #expect(Self.ways.contains(where: line.contains), "\(file):\(number + 1) bypasses the gate")
            }
        }
        #expect(found >= 5)
    }

    @Test("proves every escape from the rules of concurrency")
    func escapes() throws {
        for file in Self.sources {
            let lines = try Project.lines(of: file)
            for (number, line) in lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let above = number == 0 ? "" : lines[number - 1]
                #expect(above.drop { $0 == " " }.hasPrefix("// Proof: "), "\(file):\(number + 1) has no proof")
            }
        }
    }

    @Test("has files of at most 400 lines, with telling names", arguments: sources)
    func files(file: String) throws {
        #expect(try Project.lines(of: file).count <= 400, "\(file) is too long")
        let name = file.split(separator: "/").last ?? ""
        for word in ["Manager", "Helper", "Util", "Misc", "Common"] { #expect(!name.contains(word), "\(file)") }
    }

    @Test("books only on accounts of the chart")
    func chart() throws {
        let chart = try Project.text(of: "Config/chart-of-accounts.yaml")
        let bookkeeping = try Project.text(of: "Sources/Application/Settlement/Bookkeeping.swift")
        let codes = bookkeeping.components(separatedBy: "Self(\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(codes.count >= 12)
        for code in codes { #expect(chart.contains("- code: \(code)\n"), "\(code)") }
    }

    @Test("keeps its documents in step")
    func documents() throws {
        let readme = try Project.text(of: "README.md")
        for command in ["make demo", "make test", "settlegate inspect", "settlegate keys"] {
            #expect(readme.contains(command), "README does not mention \(command)")
        }
        #expect(try Project.text(of: "CHANGELOG.md").contains("## Unreleased"))
        let fixtures = try Project.text(of: "Fixtures/README.md")
        let folders = try FileManager.default.contentsOfDirectory(atPath: Project.folder + "/Fixtures")
        for folder in folders where folder != "README.md" { #expect(fixtures.contains("`\(folder)/`"), "\(folder)") }
        let makefile = try Project.text(of: "Makefile")
        for target in ["demo:", "test:", "run:", "lint:", "bench:"] {
            #expect(makefile.contains("\n\(target)"), "\(target)")
        }
    }

    @Test("lists exactly the kinds that can be inspected")
    func inspection() throws {
        let table = try Project.text(of: "Sources/Programs/Inspection/Inspection.swift").matches(
            of: /\n        "([a-z0-9-]+)": \{ try/
        )
        let rows = try Project.text(of: "docs/inspect.md").matches(of: /\n\| `([a-z0-9-]+)` \|/)
        #expect(table.count >= 30)
        #expect(rows.map(\.output.1).sorted() == table.map(\.output.1).sorted())
        #expect(try Project.text(of: "README.md").contains("docs/inspect.md"))
        // The command's help lists the kinds of the table.
        #expect(try Project.text(of: "Sources/Programs/settlegate/InspectCommand.swift").contains("Inspection.kinds"))
    }

    @Test("has the same texts in every language of the checkout page")
    func languages() throws {
        func entries(_ language: String) throws -> [String: [Substring]] {
            let data = Data(try Project.text(of: "Sources/Interfaces/Checkout/Resources/\(language).json").utf8)
            let texts = try #require(try JSONSerialization.jsonObject(with: data) as? [String: String])
            return texts.mapValues { text in text.matches(of: /\{[a-z]+\}/).map(\.output).sorted() }
        }
        #expect(try entries("ru") == entries("en"))
    }

    @Test("has tests that do not sleep and are not switched off")
    func tests() throws {
        for file in Project.files(below: "Tests", endingIn: ".swift") where !file.contains("TidyTests") {
            let text = try Project.text(of: file)
            for word in ["Task.sleep", "usleep(", "Thread.sleep", ".disabled(", "withKnownIssue"] {
                #expect(!text.contains(word), "\(file) has \(word)")
            }
        }
        let scripts = Project.files(below: "Tests", endingIn: ".py")
        #expect(scripts.count >= 5)
        for file in scripts {
            let text = try Project.text(of: file)
            for word in ["time.sleep", "asyncio.sleep", "mark.skip", "mark.xfail", "pytest.skip("] {
                #expect(!text.contains(word), "\(file) has \(word)")
            }
        }
    }

    /// Swift 6.3.1 miscompiles async functions whose 128-bit arguments do not fit the registers: they crash when they
    /// suspend.
    ///
    /// A function that would take more words than this takes one value instead.
    private static let mostWords = 5

    /// Whether a type is that of an identifier, which has 128 bits.
    private static func isIdentifier(_ type: String) -> Bool {
        type.wholeMatch(of: /(\w*ID|Identifier<\w+>)\??/) != nil && !type.hasPrefix("AssetID")
    }

    /// How many words an argument of a type takes, judged by its name; a large type is one pointer.
    private static func words(of type: String) -> Int {
        let isOptional = type.hasSuffix("?")
        if isIdentifier(type) { return isOptional ? 3 : 2 }
        return type.contains("->") || type == "String" || isOptional ? 2 : 1
    }

    @Test("passes few arguments to async functions with identifiers, because the compiler miscompiles too many")
    func asyncArguments() throws {
        let signature = /func (\w+)(?:<[^>]*>)?\(((?:[^()]|\([^()]*\))*)\)\s*async/
        var seen = 0
        for file in Self.sources {
            let code = try Project.lines(of: file).map { $0.components(separatedBy: "//")[0] }.joined(separator: " ")
            for match in code.matches(of: signature) {
                let types = match.2.split(separator: /,(?=[^()<>]*:)/).compactMap { argument in
                    argument.firstIndex(of: ":").map { colon in
                        argument[argument.index(after: colon)...].split(separator: "=")[0]
                            .trimmingCharacters(in: .whitespaces)
                    }
                }
                guard types.contains(where: Self.isIdentifier) else { continue }
                seen += 1
                let words = types.reduce(0) { $0 + Self.words(of: $1) }
                #expect(words <= Self.mostWords, "\(file): \(match.1) takes \(words) words; give it one value")
            }
        }
        #expect(seen > 30)
    }

    /// Swift 6.3.1 loses the result of an async closure that takes arguments and throws one type of errors, now and then,
    /// when it optimises: `(Int, Client) async throws(ProviderError) -> Head` answered as if it had not been called.
    @Test("has no async closures with arguments that throw one type of errors, because the compiler miscompiles them")
    func asyncClosures() throws {
        let closure = /\([^()]+\)\s*async throws\(\w+\)\s*->/
        for file in Self.sources {
            for line in try Project.lines(of: file) where !line.contains("func ") && !line.contains("init(") {
                let code = line.components(separatedBy: "//")[0]
                #expect(code.firstMatch(of: closure) == nil, "\(file): \(code)")
            }
        }
    }
}
