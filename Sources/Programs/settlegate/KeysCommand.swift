import ArgumentParser
import CommandParts
import Cryptography
import Foundation
import Gateway
import Keystore
import Seams
import TON

/// The encrypted keystore of the gateway.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make and fill the encrypted keystore.",
        discussion: """
            The passphrase comes from the environment variable that the configuration names (SETTLEGATE_PASSPHRASE).

            Example:
              settlegate keys create
              settlegate keys generate ton-hot --kind ed25519
              settlegate keys add bot-token --secret-from-stdin < token.txt
              settlegate keys list
            """,
        subcommands: [Create.self, Add.self, Generate.self, List.self, Remove.self]
    )

    /// Makes the keystore with the gateway's own entries.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make the keystore.")
        @OptionGroup var options: GatewayOptions

        mutating func run() async throws {
            try await Console.usable {
                let configuration = try options.configuration()
                let folder = (configuration.keystore.path as NSString).deletingLastPathComponent
                if !folder.isEmpty {
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                }
                var store = try Keystore.create(
                    at: configuration.keystore.path,
                    passphrase: GatewayOptions.passphrase(configuration),
                    random: SystemRandom()
                )
                try store.generate(Gateway.sealEntry, kind: .secret, at: SystemClock().now())
                Console.say("made \(configuration.keystore.path)")
            }
        }
    }

    /// Adds an existing secret.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an existing secret, read from standard input."
        )
        @OptionGroup var options: GatewayOptions
        @Argument(help: "The entry's name.") var name: String
        @Option(help: "ed25519, secp256k1 (both as 64 hex digits) or secret (text).") var kind = "secret"
        @Flag(help: "Required: secrets never stand in arguments.") var secretFromStdin = false
        @Flag(help: "The secret is the 24 words of a TON wallet, on one line.") var words = false

        mutating func run() async throws {
            guard secretFromStdin else {
                throw ValidationError("Pass --secret-from-stdin and the secret on standard input.")
            }
            guard let kind = Keystore.Kind(rawValue: kind) else { throw ValidationError("There is no kind '\(kind)'.") }
            let (name, line, areWords) = (name, Console.secretLine() ?? [], words)
            guard !areWords || kind == .ed25519 else { throw ValidationError("Words make a key of --kind ed25519.") }
            try await Console.usable {
                var store = try options.keystore(options.configuration())
                try store.add(name, kind: kind, secret: self.secret(kind, line), at: SystemClock().now())
            }
        }

        private func secret(_ kind: Keystore.Kind, _ line: [UInt8]) throws -> SecretBytes {
            if kind == .secret { return SecretBytes(line) }
            let text = String(decoding: line, as: UTF8.self)
            return words
                ? try Mnemonic(text.split(separator: " ").map(String.init)).seed : SecretBytes(try Hex.decode(text))
        }
    }

    /// Makes a new secret.
    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a new key or secret.")
        @OptionGroup var options: GatewayOptions
        @Argument(help: "The entry's name.") var name: String
        @Option(help: "ed25519, secp256k1 or secret.") var kind = "ed25519"
        @Flag(help: "Show 24 words, once, from which any TON wallet program makes the same key.") var words = false

        mutating func run() async throws {
            guard let kind = Keystore.Kind(rawValue: kind) else { throw ValidationError("There is no kind '\(kind)'.") }
            guard !words || kind == .ed25519 else { throw ValidationError("Words make a key of --kind ed25519.") }
            let (name, withWords) = (name, words)
            try await Console.usable {
                let configuration = try options.configuration()
                var store = try options.keystore(configuration)
                if withWords {
                    let words = try Mnemonic.generate(from: SystemRandom())
                    try store.add(name, kind: kind, secret: Mnemonic(words).seed, at: SystemClock().now())
                    Console.say("write these words down; they are not shown again:")
                    Console.result(words.joined(separator: " "))
                } else {
                    try store.generate(name, kind: kind, at: SystemClock().now())
                }
                guard kind == .ed25519 else { return }
                let key = try Ed25519.PrivateKey(seed: store.secret(name))
                Console.result(Hex.encode(key.publicKey.bytes))
            }
        }
    }

    /// Lists the entries.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the entries, without secrets.")
        @OptionGroup var options: GatewayOptions
        @Option(help: "text or json.") var format = OutputFormat.text

        mutating func run() async throws {
            let labels = try await Console.usable { try options.keystore(options.configuration()).labels }
            KeyListing(labels: labels).write(format)
        }
    }

    /// Removes an entry.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an entry for good.")
        @OptionGroup var options: GatewayOptions
        @Argument(help: "The entry's name.") var name: String

        mutating func run() async throws {
            let name = name
            try await Console.usable {
                var store = try options.keystore(options.configuration())
                try store.remove(name)
            }
        }
    }
}
