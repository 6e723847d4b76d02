/// The provider that owns each account of a rail.
extension SQLSession {
    /// The provider that owns an account, for ever: the first that claimed it.
    ///
    /// - Parameters:
    ///   - account: the account, under a name that no other account of any rail has.
    ///   - provider: the key of the provider that claims it.
    /// - Throws: what the database throws.
    /// - Returns: the key of the provider that owns it.
    package func owner(ofAccount account: String, otherwise provider: String) throws -> String {
        try execute(
            "INSERT INTO provider_accounts (account, provider) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [.text(account), .text(provider)]
        )
        return try first("SELECT provider FROM provider_accounts WHERE account = $1", [.text(account)]) {
            try $0.text()
        } ?? provider
    }
}
