import Cryptography
import FixtureTelegram
import Foundation
import Gateway
import HTTPMessages
import Keystore
import Logging
import Routing
import Sandbox
import Scenarios
import Seams
import Settlement
import Synchronization
import Testing

/// The project's folder, found from this file.
let projectFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

extension Logger {
    /// A log that is discarded.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A log that a test reads.
final class KeptLog: Sendable {
    private let kept = Mutex<[String]>([])

    /// Each message with its metadata.
    var lines: [String] { kept.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: KeptLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.kept.withLock { $0.append("\(event.message) \(event.metadata ?? [:]) \(metadata)") }
        }
    }
}

/// A world in a folder of its own, which is removed afterwards.
func withWorld<Result>(
    postgresql: String? = nil,
    faults: FaultInjector = .none,
    clock: any WallClock = SystemClock(),
    logger: Logger = .silent,
    _ body: (ScenarioWorld) async throws -> Result
) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/world-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let world = try await ScenarioWorld.make(
        in: folder,
        catalogues: projectFolder + "/Config",
        clock: clock,
        faults: faults,
        postgresql: postgresql,
        logger: logger
    )
    do {
        let result = try await body(world)
        await world.stop()
        return result
    } catch {
        await world.stop()
        throw error
    }
}

extension ScenarioWorld {
    /// The gateway's answer to an update that Telegram pushes for the shop's bot.
    func push(_ update: [UInt8]) async throws -> HTTPResponse {
        let webhook = try #require(networks.telegram.webhook(of: SandboxNetworks.botToken))
        let request = HTTPRequest(
            method: "POST",
            url: "/telegram/shop",
            fields: [HTTPField("X-Telegram-Bot-Api-Secret-Token", webhook.secret)],
            body: update
        )
        return await gateway.router.respond(to: request)
    }

    /// A gateway on the world's files with another configuration or other keys; close the world's own gateway first.
    func gateway(
        of configuration: GatewayConfiguration,
        keystore: Keystore? = nil,
        over transport: any HTTPTransport,
        clock: (any WallClock)? = nil,
        logger: Logger = .silent
    ) async throws -> Gateway {
        try await Gateway(
            configuration,
            keystore: keystore ?? home.keystore(),
            surroundings: .init(
                clock: clock ?? networks.clock,
                random: SystemRandom(),
                transport: transport,
                webhookTransport: transport
            ),
            logger: logger
        )
    }
}
