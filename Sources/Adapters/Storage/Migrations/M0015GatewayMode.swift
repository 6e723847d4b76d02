extension Schema {
    /// Whether the money of a database is real: it is one or the other for ever.
    static let gatewayMode = Migration(
        number: 15,
        statements: [
            "CREATE TABLE gateway_mode (number {integer} NOT NULL PRIMARY KEY, livemode {integer} NOT NULL) {table}"
        ]
    )
}
