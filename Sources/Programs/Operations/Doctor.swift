import Cryptography
import Foundation
import Gateway
import HTTPMessages
import Keystore
import Money
import Providers
import Records
package import Seams
import Storage
import StrictJSON

/// Checks everything that a gateway needs from outside; each finding says what is wrong and what to do.
package struct Doctor: Sendable {
    /// The result of one check.
    package struct Finding: Hashable, Sendable {
        /// How bad it is.
        package enum Severity: String, Hashable, Sendable {
            case ok
            case warning
            case error
        }

        /// How bad it is.
        package let severity: Severity
        /// The subject of the check.
        package let subject: String
        /// The result, as a sentence.
        package let text: String
        /// What to do about it; nil when nothing has to be done.
        package let remedy: String?
    }

    /// Less free disk space than this is reported, in bytes.
    private static let leastDisk: Int64 = 1 << 30
    /// More clock skew than this makes signatures and expiries go wrong.
    private static let mostSkew = Duration.seconds(10)

    private let file: String
    private let environment: [String: String]
    let clock: any WallClock
    private let random: any RandomSource

    /// A doctor for the gateway of a configuration file.
    package init(file: String, environment: [String: String], clock: any WallClock, random: any RandomSource) {
        self.file = file
        self.environment = environment
        self.clock = clock
        self.random = random
    }

    /// Runs all checks; a check that depends on something broken is left out.
    package func examine() async -> [Finding] {
        var found = Findings()
        guard
            let configuration = found.take(
                "configuration",
                "correct \(file)",
                {
                    try GatewayConfiguration(file: file, environment: environment)
                }
            )
        else { return found.list }
        found.ok("configuration", "\(file) can be read")
        examineDisk(configuration, &found)
        await examineDatabase(configuration, &found)
        await examineBooks(configuration, &found)
        let surroundings = Gateway.Surroundings.system(configuration)
        await examineDuties(configuration, surroundings, &found)
        guard let keystore = keystore(configuration, &found) else { return found.list }
        await examineClock(configuration, surroundings, &found)
        for bot in configuration.bots { await examine(bot, configuration, keystore, surroundings, &found) }
        await examineCurrencies(configuration, surroundings, &found)
        await examineProviders(configuration, keystore, surroundings, &found)
        return found.list
    }

    // MARK: - The machine

    private func keystore(_ configuration: GatewayConfiguration, _ found: inout Findings) -> Keystore? {
        let (path, variable) = (configuration.keystore.path, configuration.keystore.passphraseVariable)
        let taken = found.take("keystore", "give the passphrase of \(path) in one way") {
            try Passphrase.take(variable, environment: environment)
        }
        guard let passphrase = taken else { return nil }
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        if let mode, mode & 0o077 != 0 {
            found.warning("keystore", "others can read \(path)", "chmod 600 \(path)")
        }
        let store = found.take("keystore", "check \(variable), or restore \(path) from a backup") {
            try Keystore(path: path, passphrase: passphrase, random: random)
        }
        if let store { found.ok("keystore", "\(store.labels.count) entries can be opened") }
        return store
    }

    private func examineDisk(_ configuration: GatewayConfiguration, _ found: inout Findings) {
        guard let path = configuration.database.path else { return }
        let folder = (path as NSString).deletingLastPathComponent
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.isEmpty ? "." : folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return found.error("disk", "\(folder) is not there", "make the folder, or name another in database.path")
        }
        guard FileManager.default.isWritableFile(atPath: folder.isEmpty ? "." : folder) else {
            return found.error("disk", "\(folder) cannot be written", "let the gateway's user write it")
        }
        if free < Self.leastDisk {
            found.warning(
                "disk",
                "\(free >> 20) MiB are free",
                "a database that cannot grow stops every payment: free some"
            )
        } else {
            found.ok("disk", "\(free >> 30) GiB are free")
        }
    }

    private func examineDatabase(_ configuration: GatewayConfiguration, _ found: inout Findings) async {
        do {
            let database = try configuration.database.open(migrating: false)
            found.ok("database", "it opens, and its schema is this program's")
            found.ok("durability", "what is confirmed outlives a loss of power: \(try await database.durability())")
            try await database.close()
        } catch let error as StorageError where error.code == .locked {
            found.ok("database", "a gateway runs on it")
        } catch {
            found.error(
                "database",
                "\(error)",
                "check 'database' in the configuration; 'settlegate migrate' brings it up to date"
            )
        }
    }

    private func examineClock(
        _ configuration: GatewayConfiguration,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        guard let url = configuration.bots.first?.apiURL ?? configuration.ton.first?.toncenterURL else { return }
        guard let response = try? await surroundings.transport.send(HTTPRequest(url: url + "/")),
            let stated = response.field("Date").flatMap(Timestamp.init(httpDate:))
        else { return found.warning("clock", "\(url) does not say what time it is", "check the connection to \(url)") }
        let skew = clock.now().since(stated)
        if skew > Self.mostSkew || skew < .zero - Self.mostSkew {
            found.error("clock", "this machine and \(url) are \(skew) apart", "set the clock by NTP")
        } else {
            found.ok("clock", "it agrees with \(url)")
        }
    }

    // MARK: - Chains

    private func examineProviders(
        _ configuration: GatewayConfiguration,
        _ keystore: Keystore,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        let made = found.take("providers", "correct the configuration") {
            try Gateway.ConfiguredProviders(
                configuration,
                keystore: keystore,
                catalogues: Catalogues(folder: configuration.catalogues),
                surroundings: surroundings
            )
        }
        for provider in made?.registry.providers ?? [] {
            do {
                try await provider.checkConfiguration()
                let warnings = try await provider.warnings()
                for warning in warnings { found.warning(provider.key, warning, "see the configuration's comments") }
                if warnings.isEmpty { found.ok(provider.key, "it answers, and its wallets are in order") }
            } catch { found.error(provider.key, "\(error)", "check the nodes' addresses and keys") }
        }
    }

    /// The findings so far.
    struct Findings {
        var list: [Finding] = []

        mutating func ok(_ subject: String, _ text: String) {
            list.append(Finding(severity: .ok, subject: subject, text: text, remedy: nil))
        }

        mutating func warning(_ subject: String, _ text: String, _ remedy: String) {
            list.append(Finding(severity: .warning, subject: subject, text: text, remedy: remedy))
        }

        mutating func error(_ subject: String, _ text: String, _ remedy: String) {
            list.append(Finding(severity: .error, subject: subject, text: text, remedy: remedy))
        }

        /// The value of `body`; when `body` throws, adds an error and returns nil.
        mutating func take<Value>(_ subject: String, _ remedy: String, _ body: () throws -> Value) -> Value? {
            do { return try body() } catch {
                self.error(subject, "\(error)", remedy)
                return nil
            }
        }
    }
}
