extension Schema {
    /// The schema that every database begins with.
    ///
    /// Identifiers order by time, so that new rows go to the end of every table and index that is keyed by one. Keys that
    /// come from outside in no order (natural keys, references, idempotency keys) have tables of their own.
    static let baseline = Migration(
        number: 1,
        statements: reference + tenants + orders + money + books + rails + wallets + customers + telling + codeRows
    )

    /// The tables that the whole gateway shares: small ones that are written rarely.
    private static let reference = [
        // Their number is fixed when the database is made.
        "CREATE TABLE books (number {integer} NOT NULL PRIMARY KEY CHECK (number >= 0)) {table}",
        "CREATE TABLE gateway_mode (number {integer} NOT NULL PRIMARY KEY, livemode {flag} NOT NULL) {table}",
        """
        CREATE TABLE storage_proofs (number {integer} NOT NULL PRIMARY KEY, proven_at {moment} NOT NULL,
        filling {bytes} NOT NULL) {table}
        """,
        "CREATE TABLE restores (restored_at {moment} NOT NULL PRIMARY KEY, taken_at {moment} NOT NULL) {table}",
        """
        CREATE TABLE leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, token {integer} NOT NULL,
        expires_at {moment} NOT NULL) {table}
        """,
        "CREATE TABLE asset_scales (asset TEXT NOT NULL PRIMARY KEY, scale {integer} NOT NULL) {table}",
        """
        CREATE TABLE codes (columns TEXT NOT NULL, code {integer} NOT NULL, word TEXT NOT NULL,
        PRIMARY KEY (columns, code)) {table}
        """,
    ]

    /// The meanings of the numbers of enumerations, for people who query the database.
    private static let codeRows = codes.flatMap { type in rows(of: type) }

    private static func rows<Code: StoredCode>(of type: Code.Type) -> [String] {
        Code.stored.map { "INSERT INTO codes VALUES ('\(Code.columns)', \($0.code), '\($0.rawValue)')" }
    }
}
