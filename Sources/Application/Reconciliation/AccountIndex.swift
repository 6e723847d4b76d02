import Ledger
package import Providers
import Seams
package import Storage
import Synchronization

/// An index in memory of the accounts that were handed out, so that a transfer between strangers costs no database
/// read.
///
/// It holds a digest of each account, 8 bytes; only an account whose digest is known is looked up in the database. It
/// starts empty, and reads the accounts that were added since its last look.
package final class AccountIndex: Sendable {
    private struct Content {
        var digests: Set<UInt64> = []
        /// How far the accounts of each book were read.
        var positions: [LedgerBook: Int64] = [:]

        mutating func read(_ accounts: [(sequence: Int64, account: String)], in book: LedgerBook) {
            guard let last = accounts.last else { return }
            for entry in accounts { digests.insert(AccountIndex.digest(entry.account)) }
            positions[book] = max(positions[book] ?? 0, last.sequence)
        }
    }

    /// How many accounts are read at once.
    private static let pageSize = 10_000

    private let content = Mutex<[String: Content]>([:])

    /// An empty index.
    package init() {}

    /// The lookup of one provider's watched accounts.
    ///
    /// A provider that asks about every transfer of strangers (`asksOften`) is answered from memory where that is
    /// possible. One that asks about its own accounts alone is answered by the database.
    package func watching(_ provider: String, in database: any Database, asksOften: Bool) -> any AccountWatching {
        Watching(index: asksOften ? self : nil, provider: provider, database: database)
    }

    private struct Watching: AccountWatching {
        let index: AccountIndex?
        let provider: String
        let database: any Database

        func watched(among accounts: Set<String>) async throws(ProviderError) -> Set<String> {
            do {
                var likely = accounts
                if let index {
                    try await index.readOn(provider, in: database)
                    likely = accounts.filter { index.seemsKnown($0, provider) }
                }
                guard !likely.isEmpty else { return [] }
                return try await database.read { [likely] session in
                    try likely.filter { try session.isWatched($0, provider: provider) }
                }
            } catch {
                throw ProviderError(.unavailable, "the watched accounts cannot be read: \(error)")
            }
        }
    }

    private func seemsKnown(_ account: String, _ provider: String) -> Bool {
        let digest = Self.digest(account)
        return content.withLock { $0[provider]?.digests.contains(digest) ?? false }
    }

    private func readOn(_ provider: String, in database: any Database) async throws {
        var isComplete = false
        while !isComplete {
            let positions = content.withLock { $0[provider]?.positions ?? [:] }
            let pages = try await database.read { session in
                try session.ledgerBooks().map { book in
                    let start = positions[book] ?? 0
                    return (
                        book: book,
                        accounts: try session.watchedAccounts(
                            provider: provider,
                            in: book,
                            after: start,
                            limit: Self.pageSize
                        )
                    )
                }
            }
            content.withLock { content in
                for page in pages { content[provider, default: Content()].read(page.accounts, in: page.book) }
            }
            isComplete = pages.allSatisfy { $0.accounts.count < Self.pageSize }
        }
    }

    /// FNV-1a, even, fast and the same in every run: a collision that strangers cause costs a read, and no money.
    private static func digest(_ account: String) -> UInt64 {
        account.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
