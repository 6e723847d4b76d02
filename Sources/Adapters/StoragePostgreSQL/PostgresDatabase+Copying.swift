import Records
package import Seams
import Storage

extension PostgresDatabase {
    /// The version of the schema of a database, which is only read; 0 when it is empty.
    ///
    /// - Throws: ``StorageError``.
    package static func schemaVersion(_ settings: String) throws -> Int {
        let connection = PostgresConnection(settings: settings)
        defer { connection.disconnect() }
        let found = try connection.run("SELECT COUNT(*) FROM pg_class WHERE relname = 'schema_version'", []).rows.first
        var row = found ?? SQLRow([])
        guard try row.integer() > 0 else { return 0 }
        var version =
            try connection.run("SELECT COALESCE(MAX(version), 0) FROM schema_version", []).rows.first
            ?? SQLRow([])
        return Int(clamping: try version.integer())
    }

    /// The statements that have to run in the same transaction as the restore of a copy: every wallet is held from its
    /// first moment.
    package static func restoreStatements(takenAt: Timestamp, at moment: Timestamp) -> String {
        let sentence = "the database was restored from a copy of \(takenAt)"
        return """
            INSERT INTO public.restores (restored_at, taken_at) VALUES (\(moment.microseconds), \(takenAt.microseconds));
            UPDATE public.wallets SET hold = \(WalletRecord.holdOfRestored), hold_sentence = '\(sentence)', held_since = \(moment.microseconds)
            WHERE hold IS NULL;

            """
    }
}
