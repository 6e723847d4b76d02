import DatabaseEngines
import Foundation
import PowerCut
import Records
import Seams
import Storage
import StoragePostgreSQL
import Testing

/// The whole server runs on a layer that records its writes and syncs.
///
/// A second server recovers from the files that a loss of power leaves.
@Suite("A loss of power, on PostgreSQL")
struct PostgresPowerCutTests {
    /// The layer, compiled.
    private func layer(in folder: String) throws -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let library = folder + "/layer.so"
        let sources = [tests + "/PowerCut/Preload/preload.c", tests + "/CPowerCut/record.c"]
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-O1", "-shared", "-fPIC", "-I", tests + "/CPowerCut/include", "-o", library] + sources + ["-ldl"]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return library
    }

    /// A server on a folder of files, whose socket lies in the folder above.
    private struct Server {
        let data: String
        let folder: String
        var place: String { "host=\(folder) user=postgres dbname=postgres" }

        init(data: String) {
            self.data = data
            folder = (data as NSString).deletingLastPathComponent
        }

        func start(_ environment: [String: String], _ settings: [String] = []) throws {
            let own = [
                "listen_addresses=''", "unix_socket_directories='\(folder)'", "shared_buffers=4MB",
                "max_connections=30",
                "max_wal_size=4MB", "min_wal_size=2MB", "wal_keep_size=0",
            ]
            let options = (own + settings).map { "-c \($0)" }.joined(separator: " ")
            _ = try PostgresServer.run(
                "pg_ctl",
                ["-D", data, "-w", "-l", folder + "/server.log", "-o", options, "start"],
                environment: environment
            )
        }

        func stop(_ mode: String) throws {
            _ = try PostgresServer.run("pg_ctl", ["-D", data, "-w", "-m", mode, "stop"])
        }
    }

    /// Runs a load on a recorded server.
    private func losses(
        cuts: Int,
        seed: UInt64,
        first: @escaping @Sendable (any SQLSession, Int) throws -> Void
    ) async throws -> [String] {
        let trial = try PowerCutTrial()
        defer { trial.remove() }
        PostgresServer.own(trial.folder)
        let library = try layer(in: trial.folder)
        let server = Server(data: trial.data)
        _ = try PostgresServer.run(
            "initdb",
            [
                "-D", trial.data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--wal-segsize=1",
                "--locale=C.UTF-8",
            ]
        )
        try server.start(["LD_PRELOAD": library])
        try await PostgresDatabase(settings: server.place).close()
        try server.stop("fast")
        try trial.begin()

        let credits = Credits(recordedIn: trial.log)
        try server.start([
            "LD_PRELOAD": library, "POWERCUT_LOG": trial.log.file, "POWERCUT_ROOT": trial.data + "/",
        ])
        let database = try PostgresDatabase(settings: server.place)
        await credits.book(400, tasks: 8, in: database, first: first)
        try await database.close()
        try server.stop("immediate")
        #expect(credits.acknowledged.count == 400)

        return try await trial.losses(credits, cuts: cuts, seed: seed) { place, position in
            try? FileManager.default.removeItem(atPath: place + "/postmaster.pid")
            let recovered = Server(data: place)
            // The recovered files need not last, so the layer skips all syncs.
            try recovered.start(["LD_PRELOAD": library], ["autovacuum=off"])
            defer { try? recovered.stop("immediate") }
            let database = try PostgresDatabase(settings: recovered.place)
            let losses = try await credits.losses(in: database, cutAt: position)
            try await database.close()
            return losses
        }
    }

    @Test("takes nothing that was acknowledged, whenever it comes")
    func acknowledged() async throws {
        let lost = try await losses(cuts: powerCuts, seed: 1) { session, number in
            // Checkpoints are frequent, so that the power is cut during them as well.
            if number % 40 == 39 { _ = try session.query("CHECKPOINT", []).count }
        }
        #expect(lost.isEmpty, "\(lost.prefix(5))")
    }

    /// The control: it shows that the layer sees the loss.
    @Test("takes what was acknowledged where a commit does not wait for its sync (synchronous_commit=off)")
    func counterProof() async throws {
        let lost = try await losses(cuts: 20, seed: 2) { session, _ in
            try session.execute("SET LOCAL synchronous_commit TO off", [])
        }
        #expect(lost.contains { $0.hasSuffix("acknowledged credits are gone") })
    }

    /// Levels that a role, a database or a connection string asks for, and the session's level; nil when it is refused.
    private static let levels: [(asked: String, done: String?)] = [
        ("on", "on"), ("remote_apply", "remote_apply"), ("remote_write", "on"), ("local", "on"), ("off", nil),
    ]

    @Test("is survived by every session's commits, whatever level was asked for", arguments: levels.map(\.asked))
    func sessions(asked: String) async throws {
        let done = try #require(Self.levels.first { $0.asked == asked }).done
        let plain = try PostgresServer.newDatabase()
        let place = plain + " options='-c synchronous_commit=\(asked)'"
        guard let done else {
            #expect(throws: StorageError(.notDurable, "")) { try PostgresDatabase(settings: place) }
            return
        }
        let database = try PostgresDatabase(settings: place)
        let stated = "PostgreSQL, fsync=on, full_page_writes=on, synchronous_commit=\(done)"
        #expect(try await database.durability() == stated)
        // Also after the connection was made again.
        _ = try? await database.write { try $0.query("SELECT pg_terminate_backend(pg_backend_pid())", []).count }
        #expect(try await database.durability() == stated)
        try await database.close()
    }

    @Test(
        "is not left to a server that forgets",
        arguments: ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
    )
    func servers(setting: String) throws {
        let server = try PostgresServer(settings: [setting])
        defer { server.stop() }
        #expect(throws: StorageError(.notDurable, "")) { try PostgresDatabase(settings: server.newDatabase()) }
    }
}
