package import BigInt
package import Money
package import Payments
import Records
package import Seams

/// Records of what was set aside, because it could not be stored, read or booked.
extension SQLSession {
    /// Stores a set-aside record, with the rail's bytes and its case.
    ///
    /// - Parameters:
    ///   - found: the record.
    ///   - bytes: the rail's bytes.
    ///   - isSealed: whether the bytes are sealed, because they may hold personal data.
    ///   - provider: the provider that found it.
    ///   - opened: the case.
    ///   - moment: the current moment.
    /// - Throws: what the database throws.
    /// - Returns: whether it is new, or came again after the rail had taken it back.
    package func insert(
        _ found: SetAside,
        bytes: [UInt8],
        isSealed: Bool,
        provider: String,
        case opened: CaseID,
        at moment: Timestamp
    ) throws -> Bool {
        try change(
            """
            INSERT INTO set_aside (key, provider, account, asset, units, cause, explanation, bytes, occurred_at,
            set_aside_at, case_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (key, provider) DO UPDATE SET gone_at = NULL, case_id = excluded.case_id, bytes = excluded.bytes,
            sealed = excluded.sealed WHERE set_aside.gone_at IS NOT NULL
            """,
            [
                .text(found.naturalKey.text), .text(provider), .text(found.account), .text(found.asset?.text),
                .text(found.units), .code(found.cause), .text(found.explanation),
                .blob(bytes), .moment(found.occurredAt), .moment(moment),
                .id(opened), .integer(isSealed ? 1 : 0),
            ]
        ) == 1
    }

    /// Marks a set-aside record as gone from the rail's history; when it comes back it is new.
    ///
    /// - Returns: the record's case; nil when nothing was set aside under the key.
    package func forgetSetAside(_ key: NaturalKey, provider: String, at moment: Timestamp) throws -> CaseID? {
        let place: [SQLValue] = [.text(key.text), .text(provider)]
        let found = try first(
            "SELECT case_id FROM set_aside WHERE key = $1 AND provider = $2 AND gone_at IS NULL",
            place
        ) { try $0.id(CaseKind.self) }
        guard let found else { return nil }
        try execute(
            "UPDATE set_aside SET gone_at = $3 WHERE key = $1 AND provider = $2",
            place + [.moment(moment)]
        )
        try execute("DELETE FROM observations WHERE key = $1 AND provider = $2 AND kind = 'set_aside'", place)
        return found
    }

    /// The natural keys of a provider's set-aside records after a moment that are not gone, the oldest first.
    package func standingSetAside(provider: String, since moment: Timestamp) throws -> [NaturalKey] {
        try all(
            """
            SELECT key FROM set_aside WHERE provider = $1 AND occurred_at > $2 AND gone_at IS NULL
            ORDER BY occurred_at, key
            """,
            [.text(provider), .moment(moment)]
        ) { NaturalKey(stored: try $0.text()) }
    }

    /// The sums of what is set aside, one for each provider and asset: the rails' histories have it, and the books do
    /// not.
    package func setAsideSums() throws -> [SetAsideSum] {
        var sums: [SetAsideSum.Name: SetAsideSum] = [:]
        var last = (key: "", provider: "")
        while true {
            let page = try query(
                """
                SELECT key, provider, asset, units FROM set_aside WHERE gone_at IS NULL
                AND (key > $1 OR (key = $1 AND provider > $2)) ORDER BY key, provider LIMIT 1000
                """,
                [.text(last.key), .text(last.provider)]
            )
            if page.isEmpty { return sums.values.sorted { $0.name < $1.name } }
            for kept in page {
                var row = kept
                last = (try row.text(), try row.text())
                let asset = try row.optionalText().flatMap { try? AssetID($0) }
                let name = SetAsideSum.Name(provider: last.provider, asset: asset)
                sums[name, default: SetAsideSum(name)].add(try row.optionalText())
            }
        }
    }

    /// The rail's bytes of a set-aside record, and whether they are sealed; nil when the case has no such record.
    package func bytesSetAside(of opened: CaseID) throws -> (bytes: [UInt8], isSealed: Bool)? {
        try first("SELECT bytes, sealed FROM set_aside WHERE case_id = $1", [.id(opened)]) { row in
            (bytes: try row.blob(), isSealed: try row.int() == 1)
        }
    }

    /// Deletes the rail's bytes of a set-aside record, if they are sealed because they may hold personal data.
    package func forgetSealedBytes(of opened: CaseID) throws {
        try execute(
            "UPDATE set_aside SET bytes = $1, sealed = 0 WHERE case_id = $2 AND sealed = 1",
            [.blob([]), .id(opened)]
        )
    }

    /// How many set-aside records there are.
    package func setAsideCount() throws -> Int {
        try first("SELECT COUNT(*) FROM set_aside WHERE gone_at IS NULL", []) { try $0.int() } ?? 0
    }
}

/// The sum of what is set aside of one asset at one provider.
package struct SetAsideSum: Hashable, Sendable {
    /// The provider and the asset.
    package struct Name: Hashable, Sendable, Comparable {
        /// The provider.
        package let provider: String
        /// The asset; nil when it is not known.
        package let asset: AssetID?

        /// Orders by provider and asset; an unknown one comes first.
        package static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.provider, lhs.asset?.text ?? "") < (rhs.provider, rhs.asset?.text ?? "")
        }
    }

    /// The provider and the asset.
    package let name: Name
    /// By how much balances changed, in smallest units, as far as that is known.
    package private(set) var units: BigInt = 0
    /// For how many records that is known.
    package private(set) var known = 0
    /// For how many records it is not known.
    package private(set) var unknown = 0

    init(_ name: Name) { self.name = name }

    mutating func add(_ text: String?) {
        guard let more = text.flatMap({ BigInt($0) }) else {
            unknown += 1
            return
        }
        units += more
        known += 1
    }
}

extension SetAside {
    /// The columns that ``SQLRow/setAside()`` reads, of a table that is called `s`.
    static let columns = "s.key, s.account, s.asset, s.units, s.cause, s.explanation, s.occurred_at"
}

extension SQLRow {
    /// A set-aside record, or nil when its columns are empty.
    mutating func optionalSetAside() throws -> SetAside? {
        guard let key = try optionalText() else {
            for _ in 0..<6 { try skip() }
            return nil
        }
        let (account, asset, units) = (try text(), try optionalText(), try optionalText())
        return SetAside(
            naturalKey: NaturalKey(stored: key),
            storedAccount: account,
            asset: try asset.map { text in
                do { return try AssetID(text) } catch { throw StorageError.corrupt("\(key) has no asset: \(error)") }
            },
            units: units,
            cause: try code(),
            storedExplanation: try text(),
            occurredAt: try moment()
        )
    }
}
