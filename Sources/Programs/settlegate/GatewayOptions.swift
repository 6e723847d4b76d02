import ArgumentParser
import CommandParts
import Cryptography
import Foundation
import Gateway
import Keystore

/// The option for the configuration file; the passphrase of the keystore comes from the environment.
struct GatewayOptions: ParsableArguments {
    @Option(help: "The configuration file.")
    var config = "Config/settlegate.yaml"

    /// The configuration, with the environment's overrides.
    func configuration() throws -> GatewayConfiguration {
        try GatewayConfiguration(file: config, environment: ProcessInfo.processInfo.environment)
    }

    /// The passphrase of the keystore.
    static func passphrase(_ configuration: GatewayConfiguration) throws -> SecretBytes {
        try Passphrase.take(
            configuration.keystore.passphraseVariable,
            environment: ProcessInfo.processInfo.environment
        )
    }

    /// Opens the keystore; the passphrase is taken from the environment when nil.
    func keystore(_ configuration: GatewayConfiguration, passphrase: SecretBytes? = nil) throws -> Keystore {
        try Keystore(
            path: configuration.keystore.path,
            passphrase: passphrase ?? Self.passphrase(configuration),
            random: SystemRandom()
        )
    }

    /// A gateway that does not listen; the passphrase is taken from the environment when nil.
    func gateway(passphrase: SecretBytes? = nil) async throws -> Gateway {
        let configuration = try configuration()
        return try await Gateway(
            configuration,
            keystore: keystore(configuration, passphrase: passphrase),
            surroundings: .system(configuration),
            logger: Console.logger
        )
    }
}
