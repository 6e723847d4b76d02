import Foundation
import Glibc
import Synchronization

/// A real PostgreSQL in a temporary folder, started when a test first asks for it and stopped with the process.
///
/// It listens on a socket in its folder only. PostgreSQL refuses to run as root: there the user `postgres` runs it.
package final class PostgresServer: Sendable {
    /// A failure, with the output of the program.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The server that the tests of this process share.
    private static let shared = Mutex<PostgresServer?>(nil)

    /// The folder with its socket.
    package let folder: String
    private let serial = Mutex(0)

    /// The connection string of a new, empty database.
    ///
    /// - Throws: ``Failure`` when there is no PostgreSQL, or it does not start.
    package static func newDatabase() throws -> String {
        let server = try shared.withLock { shared in
            if let shared { return shared }
            let started = try PostgresServer()
            shared = started
            atexit { PostgresServer.shared.withLock { $0?.stop() } }
            return started
        }
        return try server.newDatabase()
    }

    /// The connection string of a new, empty database on this server.
    ///
    /// - Throws: ``Failure``.
    package func newDatabase() throws -> String {
        let name = serial.withLock { serial in
            serial += 1
            return "test\(serial)"
        }
        _ = try Self.run("createdb", ["-h", folder, "-U", "postgres", name])
        return "host=\(folder) user=postgres dbname=\(name)"
    }

    /// Starts a separate server, which the caller stops.
    ///
    /// - Parameter settings: settings other than the defaults, for example `fsync=off`.
    /// - Throws: ``Failure`` when there is no PostgreSQL, or it does not start.
    package init(settings: [String] = []) throws {
        folder = NSTemporaryDirectory() + "settlegate-postgres-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        Self.own(folder)
        let data = folder + "/data"
        _ = try Self.run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        try start(settings)
    }

    /// Starts a server with a copy of another one's data, which it follows until it is promoted.
    ///
    /// - Throws: ``Failure``.
    package init(replicaOf primary: PostgresServer) throws {
        folder = NSTemporaryDirectory() + "settlegate-postgres-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        Self.own(folder)
        let copy = ["-D", folder + "/data", "-R", "-X", "stream", "-c", "fast"]
        _ = try Self.run("pg_basebackup", ["-h", primary.folder, "-U", "postgres"] + copy)
        try start([])
    }

    private func start(_ settings: [String]) throws {
        let own = settings.map { " -c \($0)" }.joined()
        let options = "-c listen_addresses='' -c unix_socket_directories='\(folder)' -c max_connections=1500" + own
        _ = try Self.run("pg_ctl", ["-D", folder + "/data", "-w", "-l", folder + "/log", "-o", options, "start"])
    }

    /// Has a replica take writes, as at a failover.
    package func promote() throws { _ = try Self.run("pg_ctl", ["-D", folder + "/data", "-w", "promote"]) }

    /// Ends the server at once and starts it again with the same data.
    package func restart() throws {
        _ = try Self.run("pg_ctl", ["-D", folder + "/data", "-m", "immediate", "stop"])
        try start([])
    }

    /// Drops a database of this server with its connections, and makes an empty one of its name.
    package func recreate(_ place: String) throws {
        let name = place.split(separator: " ").last.map { String($0.dropFirst("dbname=".count)) } ?? ""
        _ = try Self.run("dropdb", ["-h", folder, "-U", "postgres", "--force", name])
        _ = try Self.run("createdb", ["-h", folder, "-U", "postgres", name])
    }

    /// Stops the server and removes what it kept.
    package func stop() {
        _ = try? Self.run("pg_ctl", ["-D", folder + "/data", "-m", "immediate", "stop"])
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Gives a folder to the user that runs the server.
    package static func own(_ folder: String) {
        if getuid() == 0, let user = getpwnam("postgres") { chown(folder, user.pointee.pw_uid, user.pointee.pw_gid) }
    }

    private static func path(_ program: String) throws -> String {
        for version in (13...20).reversed() {
            let path = "/usr/lib/postgresql/\(version)/bin/\(program)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw Failure(description: "there is no \(program): install postgresql")
    }

    /// Runs a program and waits for it, but not for the processes that it leaves running, as Foundation's `Process`
    /// would.
    ///
    /// - Throws: ``Failure`` with the output of the program.
    package static func run(
        _ program: String,
        _ arguments: [String],
        environment own: [String: String] = [:]
    ) throws -> String {
        let asPostgres = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        let words = (getuid() == 0 ? asPostgres : []) + [try path(program)] + arguments
        let log = NSTemporaryDirectory() + "settlegate-\(program)-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: log) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let argv = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        let variables = ProcessInfo.processInfo.environment.merging(own) { $1 }.map { strdup("\($0)=\($1)") } + [nil]
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        guard posix_spawn(&process, words[0], &actions, nil, argv, variables) == 0 else {
            throw Failure(description: "\(words[0]) cannot be started")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
        let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        guard status == 0 else { throw Failure(description: "\(program): \(said)") }
        return said
    }
}
