package import Records
package import Seams

/// Wallets, and the numbers that they have signed.
extension SQLSession {
    private static var walletColumns: String {
        """
        w.provider, w.wallet, w.pays_others, w.signed_below, w.accepted_below, w.met_at, w.hold, w.hold_sentence,
        w.held_since
        """
    }

    /// A wallet; nil when it was never met.
    package func wallet(_ wallet: String, of provider: String) throws -> WalletRecord? {
        try first(
            "SELECT \(Self.walletColumns) FROM wallets w WHERE w.provider = $1 AND w.wallet = $2",
            [.text(provider), .text(wallet)]
        ) { try $0.wallet() }
    }

    /// The wallets of one provider, or of all.
    package func wallets(of provider: String? = nil) throws -> [WalletRecord] {
        try all(
            """
            SELECT \(Self.walletColumns) FROM wallets w WHERE w.provider = $1 OR $1 = ''
            ORDER BY w.provider, w.pays_others DESC, w.wallet
            """,
            [.text(provider ?? "")]
        ) { try $0.wallet() }
    }

    /// Stores a wallet that is met for the first time.
    package func insert(_ wallet: WalletRecord) throws {
        try execute(
            """
            INSERT INTO wallets (provider, wallet, pays_others, signed_below, accepted_below, met_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (provider, wallet) DO NOTHING
            """,
            [
                .text(wallet.provider), .text(wallet.wallet), .integer(wallet.paysOthers ? 1 : 0),
                .integer(wallet.signedBelow), .integer(wallet.acceptedBelow), .moment(wallet.metAt),
            ]
        )
    }

    /// Stores that a number was signed.
    ///
    /// - Parameters:
    ///   - number: the number.
    ///   - wallet: the wallet.
    ///   - provider: the wallet's provider.
    ///   - expected: the books' `signedBelow` when the number was compared with the chain; nil: it is not checked.
    /// - Throws: what the database throws.
    /// - Returns: whether the wallet may still sign and the books have not changed; when not, nothing is changed.
    package func sign(
        _ number: Int64,
        with wallet: String,
        of provider: String,
        expecting expected: Int64?
    ) throws -> Bool {
        try change(
            """
            UPDATE wallets SET signed_below = CASE WHEN signed_below > $3 THEN signed_below ELSE $3 END
            WHERE provider = $1 AND wallet = $2 AND hold IS NULL AND ($4 < 0 OR signed_below = $4)
            """,
            [.text(provider), .text(wallet), .integer(number + 1), .integer(expected ?? -1)]
        ) == 1
    }

    /// Holds a wallet, so that it signs nothing.
    ///
    /// - Returns: whether it could sign until now; the first reason is kept.
    package func hold(
        _ wallet: String,
        of provider: String,
        _ kind: WalletRecord.Hold.Kind,
        _ sentence: String,
        at moment: Timestamp
    ) throws -> Bool {
        try change(
            """
            UPDATE wallets SET hold = $3, hold_sentence = $4, held_since = $5
            WHERE provider = $1 AND wallet = $2 AND hold IS NULL
            """,
            [.text(provider), .text(wallet), .code(kind), .text(sentence), .moment(moment)]
        ) == 1
    }

    /// Lets a wallet sign again: everything below a number is explained.
    package func release(_ wallet: String, of provider: String, acceptedBelow number: Int64) throws {
        try execute(
            """
            UPDATE wallets SET hold = NULL, hold_sentence = NULL, held_since = NULL,
            accepted_below = CASE WHEN accepted_below > $3 THEN accepted_below ELSE $3 END,
            signed_below = CASE WHEN signed_below > $3 THEN signed_below ELSE $3 END
            WHERE provider = $1 AND wallet = $2
            """,
            [.text(provider), .text(wallet), .integer(number)]
        )
    }

    /// Forgets that numbers from a given one on were used: the requests that used them are no longer in the chain, and
    /// may come back.
    package func forget(_ wallet: String, of provider: String, from number: Int64) throws {
        try execute(
            """
            UPDATE wallets SET signed_below = CASE WHEN signed_below < $3 THEN signed_below ELSE $3 END,
            accepted_below = CASE WHEN accepted_below < $3 THEN accepted_below ELSE $3 END
            WHERE provider = $1 AND wallet = $2
            """,
            [.text(provider), .text(wallet), .integer(number)]
        )
    }

    /// Numbers of a wallet, taken in any order, that were used before it was met or that a person has accepted.
    package func acceptedNumbers(of wallet: String, at provider: String) throws -> Set<Int64> {
        Set(
            try all(
                "SELECT number FROM wallet_numbers WHERE provider = $1 AND wallet = $2",
                [.text(provider), .text(wallet)]
            ) { try $0.integer() }
        )
    }

    /// Accepts numbers of a wallet in the place of those that were accepted before.
    package func accept(_ numbers: Set<Int64>, of wallet: String, at provider: String) throws {
        try execute(
            "DELETE FROM wallet_numbers WHERE provider = $1 AND wallet = $2",
            [.text(provider), .text(wallet)]
        )
        for number in numbers.sorted() {
            try execute(
                "INSERT INTO wallet_numbers (provider, wallet, number) VALUES ($1, $2, $3)",
                [.text(provider), .text(wallet), .integer(number)]
            )
        }
    }

    /// The numbers that a provider has used for transfers, from a given one on.
    package func usedNumbers(of provider: String, from number: Int64) throws -> Set<Int64> {
        Set(
            try all(
                """
                SELECT DISTINCT sequence FROM outgoing WHERE provider = $1 AND sequence IS NOT NULL AND sequence >= $2
                """,
                [.text(provider), .integer(number)]
            ) { try $0.integer() }
        )
    }

    /// Whether anything was ever scanned or sent at a provider.
    package func hasHistory(_ provider: String) throws -> Bool {
        try first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM scan_cursors WHERE provider = $1 AND position IS NOT NULL)
            OR EXISTS (SELECT 1 FROM outgoing WHERE provider = $1)
            """,
            [.text(provider)]
        ) { try $0.integer() } != nil
    }

    /// When the database was restored from a copy, and when that was taken; nil when it never was.
    package func lastRestore() throws -> (restoredAt: Timestamp, takenAt: Timestamp)? {
        try first("SELECT restored_at, taken_at FROM restores ORDER BY restored_at DESC LIMIT 1", []) {
            (restoredAt: try $0.moment(), takenAt: try $0.moment())
        }
    }

    /// Stores that the database was restored from a copy, and holds every wallet.
    package func recordRestore(takenAt: Timestamp, at moment: Timestamp) throws {
        try execute(
            "INSERT INTO restores (restored_at, taken_at) VALUES ($1, $2)",
            [.moment(moment), .moment(takenAt)]
        )
        for wallet in try wallets() {
            let sentence = "the database was restored from a copy of \(takenAt)"
            _ = try hold(wallet.wallet, of: wallet.provider, .restored, sentence, at: moment)
        }
    }
}

extension SQLRow {
    fileprivate mutating func wallet() throws -> WalletRecord {
        var record = WalletRecord(
            provider: try text(),
            wallet: try text(),
            paysOthers: try integer() != 0,
            signedBelow: try integer(),
            acceptedBelow: try integer(),
            metAt: try moment()
        )
        let kind = try optionalCode(WalletRecord.Hold.Kind.self)
        let (sentence, since) = (try optionalText(), try optionalMoment())
        guard let kind, let sentence, let since else { return record }
        record.hold = WalletRecord.Hold(kind: kind, sentence: sentence, since: since)
        return record
    }
}

extension WalletRecord {
    /// How a hold after a restore is stored, for statements that run outside of a session.
    package static let holdOfRestored = Hold.Kind.restored.code
}
