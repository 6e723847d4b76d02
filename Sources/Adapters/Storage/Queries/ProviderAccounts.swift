/// Whose each account of a rail is.
extension SQLSession {
    /// The provider whose an account is, for ever: the first that said so.
    ///
    /// - Parameters:
    ///   - account: the account, under a name that no other account of any rail has.
    ///   - provider: the key of who says that it is its own.
    /// - Throws: what the database throws.
    /// - Returns: the key of the provider that has it.
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
