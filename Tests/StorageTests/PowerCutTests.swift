import CPowerCut
import DatabaseEngines
import Foundation
import GRDB
import Ledger
import PowerCut
import Seams
import Storage
import StorageSQLite
import Testing

/// How often the power is cut, on each database: `POWER_CUTS`, or 200.
let powerCuts = ProcessInfo.processInfo.environment["POWER_CUTS"].flatMap { Int($0) } ?? 200

/// `kill -9` cannot show this: unsynced writes survive the end of a process, but not a loss of power.
@Suite("A loss of power, on SQLite")
struct SQLitePowerCutTests {
    /// A trial with a new database, whose files are watched.
    private func trial() async throws -> PowerCutTrial {
        let trial = try PowerCutTrial()
        try FileManager.default.createDirectory(atPath: trial.data, withIntermediateDirectories: true)
        try await SQLiteDatabase(path: path(in: trial.data)).close()
        try trial.begin()
        #expect(powercut_watch(trial.data, trial.log.pointer) == 0)
        return trial
    }

    private func path(in folder: String) -> String { folder + "/books.sqlite" }

    private func losses(of credits: Credits, in trial: PowerCutTrial, cuts: Int, seed: UInt64) async throws -> [String]
    {
        try await trial.losses(credits, cuts: cuts, seed: seed) { place, position in
            let path = path(in: place)
            let database = try SQLiteDatabase(path: path)
            let losses = try await credits.losses(in: database, cutAt: position)
            try await database.close()
            let check = try await DatabaseQueue(path: path).read { database in
                try String.fetchAll(database, sql: "PRAGMA integrity_check")
            }
            return losses + (check == ["ok"] ? [] : check)
        }
    }

    @Test("takes nothing that was acknowledged, whenever it comes")
    func acknowledged() async throws {
        let rounds = 4
        for round in 0..<rounds {
            let trial = try await trial()
            defer { trial.remove() }
            let credits = Credits(recordedIn: trial.log)
            let database = try SQLiteDatabase(path: path(in: trial.data))
            // Checkpoints are frequent, so that the power is cut during them as well.
            try await database.write { _ = try $0.query("PRAGMA wal_autocheckpoint = \(40 << (2 * round))", []).count }
            await credits.book(300, tasks: [1, 4, 16, 64][round], in: database)
            #expect(credits.acknowledged.count == 300)
            let lost = try await losses(of: credits, in: trial, cuts: powerCuts / rounds, seed: UInt64(round) + 1)
            #expect(lost.isEmpty, "\(lost.prefix(5))")
            try await database.close()
        }
    }

    @Test("takes nothing that was acknowledged, also after failed syncs")
    func failedSyncs() async throws {
        let trial = try await trial()
        defer { trial.remove() }
        let credits = Credits(recordedIn: trial.log)
        let database = try SQLiteDatabase(path: path(in: trial.data))
        try await database.write { _ = try $0.query("PRAGMA wal_autocheckpoint = 40", []).count }
        let data = trial.data
        await credits.book(300, tasks: 4, in: database) { _, number in
            if number.isMultiple(of: 9) { powercut_fail(data, Int32(POWERCUT_FAILING_SYNC)) }
        }
        powercut_fail(data, Int32(POWERCUT_SOUND))
        #expect((1..<300).contains(credits.acknowledged.count))
        let lost = try await losses(of: credits, in: trial, cuts: powerCuts / 4, seed: 9)
        #expect(lost.isEmpty, "\(lost.prefix(5))")
        try await database.close()
    }

    private static func id(_ number: Int) -> Identifier<LedgerTransactionKind> {
        Identifier(value: UInt128(number))
    }

    /// The library's own default, as a control: it shows that the layer sees the loss.
    @Test("takes what was acknowledged where the log is not synced (synchronous=NORMAL)")
    func counterProof() async throws {
        let trial = try await trial()
        defer { trial.remove() }
        let credits = Credits(recordedIn: trial.log)
        var configuration = Configuration()
        configuration.journalMode = .wal
        let queue = try DatabaseQueue(path: path(in: trial.data), configuration: configuration)
        for number in 1...100 {
            try await queue.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO ledger_transactions (book, sequence, id, kind, subject_kind, movement, occurred_at, posted_at,
                        period, seal) VALUES (0, ?, ?, 4, 4, 's', 1, 1, 197001, x'00')
                        """,
                    arguments: [number, Data(Self.id(number).bytes)]
                )
            }
            credits.acknowledge(Self.id(number).text)
        }
        let lost = try await losses(of: credits, in: trial, cuts: 20, seed: 1)
        #expect(lost.contains { $0.hasSuffix("acknowledged credits are gone") })
        try queue.close()
    }

    @Test("is provided for by the writing connection, which reports synchronous=FULL")
    func setting() async throws {
        let database = try SQLiteDatabase(path: Engine.sqlite.place())
        #expect(try await database.durability() == "SQLite, journal_mode=wal, synchronous=FULL")
        try await database.close()
    }
}
