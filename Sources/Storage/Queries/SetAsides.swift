import Money
public import Payments
public import Seams

/// What could not be understood or booked.
extension SQLSession {
    /// Keeps what was set aside, with what the rail said and the case about it.
    ///
    /// - Returns: whether it is new, or came again after the rail had taken it back.
    public func insert(
        _ found: SetAside,
        bytes: [UInt8],
        provider: String,
        case opened: CaseID,
        at moment: Timestamp
    ) throws -> Bool {
        try change(
            """
            INSERT INTO set_aside (key, provider, account, asset, units, cause, explanation, bytes, occurred_at,
            set_aside_at, case_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (key, provider) DO UPDATE SET gone_at = NULL, case_id = excluded.case_id WHERE set_aside.gone_at IS NOT NULL
            """,
            [
                .text(found.naturalKey.text), .text(provider), .text(found.account), .text(found.asset?.text),
                .text(found.units), .text(found.cause.rawValue), .text(found.explanation),
                .blob(Array(bytes.prefix(SetAside.byteLimit))), .moment(found.occurredAt), .moment(moment),
                .id(opened),
            ]
        ) == 1
    }

    /// Remembers that the rail's history no longer has what was set aside; when it comes back it is new.
    ///
    /// - Returns: the case about it; nil when nothing was set aside under the key.
    public func forgetSetAside(_ key: NaturalKey, provider: String, at moment: Timestamp) throws -> CaseID? {
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

    /// The natural keys of what was set aside of a provider after a moment and is still there, the oldest first.
    public func standingSetAside(provider: String, since moment: Timestamp) throws -> [NaturalKey] {
        try all(
            """
            SELECT key FROM set_aside WHERE provider = $1 AND occurred_at > $2 AND gone_at IS NULL
            ORDER BY occurred_at, key
            """,
            [.text(provider), .moment(moment)]
        ) { NaturalKey(stored: try $0.text()) }
    }

    /// What the rails' histories have and the books do not, with the provider of each.
    public func standingSetAside() throws -> [(provider: String, found: SetAside)] {
        try all(
            """
            SELECT s.provider, \(SetAside.columns) FROM set_aside s WHERE s.gone_at IS NULL
            ORDER BY s.provider, s.occurred_at, s.key
            """,
            []
        ) { row in (provider: try row.text(), found: try row.setAside()) }
    }

    /// What the rail said of something that was set aside; nil when the case is about nothing of the kind.
    public func bytesSetAside(of opened: CaseID) throws -> [UInt8]? {
        try first("SELECT bytes FROM set_aside WHERE case_id = $1", [.id(opened)]) { try $0.blob() }
    }

    /// How much is set aside.
    public func setAsideCount() throws -> Int {
        try first("SELECT COUNT(*) FROM set_aside WHERE gone_at IS NULL", []) { try $0.int() } ?? 0
    }
}

extension SetAside {
    /// The columns that ``SQLRow/setAside()`` reads, of a table that is called `s`.
    static let columns = "s.key, s.account, s.asset, s.units, s.cause, s.explanation, s.occurred_at"
}

extension SQLRow {
    mutating func setAside() throws -> SetAside {
        guard let found = try optionalSetAside() else { throw StorageError.corrupt("what was set aside has no key") }
        return found
    }

    /// What was set aside, or nil when its columns are empty.
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
            cause: try word(),
            storedExplanation: try text(),
            occurredAt: try moment()
        )
    }
}
