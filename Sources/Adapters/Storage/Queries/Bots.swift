package import Payments
package import Records
import Seams

/// Bots.
extension SQLSession {
    private static var botColumns: String {
        """
        b.id, b.merchant, b.key, b.username, b.test_environment, b.token, b.secret, b.provider_token, b.currencies, b.stars,
        b.support_contact, b.terms_url, b.owner_chat, b.created_at, b.is_active, b.version
        """
    }

    /// Stores a new bot.
    package func insert(_ bot: BotRecord) throws {
        group.storedWork.insert(.messages)
        try execute(
            """
            INSERT INTO bots (id, merchant, key, username, test_environment, token, secret, provider_token, currencies,
            stars, support_contact, terms_url, owner_chat, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                .id(bot.id), .id(bot.merchant), .text(bot.key), .text(bot.username),
                .integer(bot.isInTestEnvironment ? 1 : 0), .blob(bot.sealedToken), .blob(bot.sealedSecret),
                .blob(bot.sealedProviderToken), .text(bot.currencies.joined(separator: " ")),
                .integer(bot.takesStars ? 1 : 0), .text(bot.supportContact), .text(bot.termsURL),
                .text(bot.ownerChat), .moment(bot.createdAt),
            ]
        )
    }

    /// Stores a changed bot.
    ///
    /// - Throws: what the database throws.
    /// - Returns: the bot as it is now; nil when somebody else has changed it since it was read.
    package func update(_ bot: BotRecord) throws -> BotRecord? {
        guard try self.bot(bot.id)?.version == bot.version else { return nil }
        var changed = bot
        changed.version += 1
        try execute(
            """
            UPDATE bots SET token = $2, provider_token = $3, currencies = $4, stars = $5, support_contact = $6,
            terms_url = $7, is_active = $8, version = $9, owner_chat = $10 WHERE id = $1
            """,
            [
                .id(bot.id), .blob(bot.sealedToken), .blob(bot.sealedProviderToken),
                .text(bot.currencies.joined(separator: " ")), .integer(bot.takesStars ? 1 : 0),
                .text(bot.supportContact), .text(bot.termsURL), .integer(bot.isActive ? 1 : 0),
                .integer(Int64(changed.version)), .text(bot.ownerChat),
            ]
        )
        return changed
    }

    /// A bot.
    package func bot(_ id: BotID) throws -> BotRecord? {
        try first("SELECT \(Self.botColumns) FROM bots b WHERE b.id = $1", [.id(id)]) { try $0.bot() }
    }

    /// Whether there is a bot with a key.
    package func hasBot(key: String) throws -> Bool {
        try first("SELECT 1 FROM bots b WHERE b.key = $1", [.text(key)]) { try $0.int() } != nil
    }

    /// All bots, the oldest first.
    package func bots() throws -> [BotRecord] {
        try all("SELECT \(Self.botColumns) FROM bots b ORDER BY b.id", []) { try $0.bot() }
    }

    /// A merchant's bots, or all bots when `merchant` is nil, the newest first.
    package func bots(of merchant: MerchantID?, in page: Page) throws -> [BotRecord] {
        let filter = merchant.map { Filter("b.merchant = ", .id($0)) } ?? Filter("b.created_at > ", .integer(0))
        return try list(Self.botColumns, from: "bots b", id: "b.id", of: BotKind.self, filter, in: page) {
            try $0.bot()
        }
    }
}

extension SQLRow {
    fileprivate mutating func bot() throws -> BotRecord {
        var bot = BotRecord(
            id: try id(),
            merchant: try optionalID(),
            key: try text(),
            username: try text(),
            isInTestEnvironment: try int() == 1,
            sealedToken: try blob(),
            sealedSecret: try blob(),
            sealedProviderToken: try optionalBlob(),
            currencies: try text().split(separator: " ").map { String($0) },
            takesStars: try int() == 1,
            supportContact: try optionalText(),
            termsURL: try optionalText(),
            ownerChat: try optionalText(),
            createdAt: try moment()
        )
        bot.isActive = try int() == 1
        bot.version = try int()
        return bot
    }
}
