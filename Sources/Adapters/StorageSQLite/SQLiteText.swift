import Storage
import Synchronization

/// Statements in SQLite's syntax: there `$1` is a named argument, and `?1` the first argument.
final class SQLiteText: Sendable {
    static let shared = SQLiteText()

    private let known = Mutex<[String: String]>([:])

    func text(of sql: String) -> String {
        known.withLock { known in
            if let text = known[sql] { return text }
            let text = sql.replacing("$", with: "?")
            known[sql] = text
            return text
        }
    }
}
