import Foundation
import Testing

@Suite("The glossary")
struct GlossaryTests {
    @Test("names existing types, each in the target that it names")
    func types() throws {
        let rows = try Project.lines(of: "docs/glossary.md").filter { $0.hasPrefix("| ") && $0.contains("`") }
        #expect(rows.count > 40)
        var declared: [String: Set<String>] = [:]
        let declaration = /(?:^|\s)(?:struct|enum|class|protocol) (\w+)/
        for file in TidyTests.sources {
            let target = file.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
            for line in try Project.lines(of: file) where !line.contains("///") {
                guard let name = line.firstMatch(of: declaration)?.1 else { continue }
                declared[target, default: []].insert(String(name))
            }
        }
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 4, "\(row)")
            func names(_ cell: String) -> [String] { cell.matches(of: /`(\w+)`/).map { String($0.1) } }
            let targets = names(cells[3])
            for type in names(cells[2]) {
                let isThere = targets.contains { declared[$0]?.contains(type) ?? false }
                #expect(isThere, "\(type) is not in \(targets)")
            }
        }
    }
}
