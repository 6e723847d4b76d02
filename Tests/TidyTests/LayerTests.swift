import Foundation
import Testing

/// Package.swift, as far as the tests need it: the layers from the bottom up, and each target's dependencies.
private struct Manifest {
    /// The layers' names and their targets.
    let layers: [(name: String, targets: [String])]
    /// The declared dependencies of each target of Sources.
    let dependencies: [String: Set<String>]

    init() throws {
        let text = try Project.text(of: "Package.swift")
        let table = text.components(separatedBy: "let layers")[1].components(separatedBy: "let package")[0]
        layers = table.matches(of: /"(\w+)",\s*\[([^\]]*)\]/).map { match in
            (String(match.1), match.2.matches(of: /"(\w+)"/).map { String($0.1) })
        }
        var dependencies: [String: Set<String>] = [:]
        for match in text.matches(of: /arget\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/) {
            let names = (match.2 ?? "").split { !$0.isLetter && !$0.isNumber }.map(String.init)
            dependencies[String(match.1)] = Set(names.map { Self.modules[$0] ?? $0 })
        }
        self.dependencies = dependencies
    }

    /// The module names of products.
    private static let modules = [
        "bigInt": "BigInt", "grdb": "GRDB", "sqlite": "GRDBSQLite", "logging": "Logging", "yams": "Yams",
        "mustache": "Mustache", "argumentParser": "ArgumentParser", "hummingbird": "Hummingbird",
        "lifecycle": "ServiceLifecycle",
    ]

    /// The index of a target's layer, from the bottom up; nil for targets outside Sources.
    func level(of target: String) -> Int? { layers.firstIndex { $0.targets.contains(target) } }
}

@Suite("The layers")
struct LayerTests {
    private let manifest: Manifest

    init() throws { manifest = try Manifest() }

    /// The allowed dependencies within a layer; rails never use each other.
    private static let neighbours: [String: Set<String>] = [
        "CCurlShims": ["CCurl"],
        "StrictJSON": ["Seams"], "Money": ["Seams"], "Cryptography": ["Seams"], "HTTPMessages": ["Seams"],
        "Providers": ["Payments"], "Records": ["Payments"],
        "StorageSQLite": ["Storage"], "StoragePostgreSQL": ["Storage"],
        "Reconciliation": ["Settlement"], "Finance": ["Settlement"], "WalletPayments": ["Settlement"],
        "TelegramIntake": ["Routing"], "MerchantAPI": ["Routing"], "Checkout": ["Routing"], "Monitoring": ["Routing"],
        "Operations": ["Gateway"], "CommandParts": ["Gateway"],
        "settlegate": ["Gateway", "Operations", "Inspection", "CommandParts"],
        "FixtureConnect": ["FixtureTON"],
        "Sandbox": ["FixtureTelegram", "FixtureTON", "FixtureEVM", "FixtureConnect"],
        "Scenarios": ["FixtureTelegram", "FixtureTON", "FixtureEVM", "Sandbox"],
        "SandboxCommands": ["Sandbox", "Scenarios"],
    ]

    /// Modules of the toolchain that may be used everywhere.
    private static let systemModules: Set<String> = ["Synchronization", "Glibc", "Dispatch"]
    /// Modules that come with a product of another name.
    private static let parts = [
        "HTTPTypes": "Hummingbird", "HummingbirdCore": "Hummingbird", "NIOCore": "Hummingbird",
        "NIOHTTPTypes": "Hummingbird",
    ]
    /// Targets that read files, or need something that only Foundation does.
    private static let foundation: Set<String> = [
        "Keystore", "HTTPTransport", "StoragePostgreSQL", "Rates", "Gateway", "Operations", "Inspection",
        "CommandParts", "settlegate", "FixtureTelegram", "Scenarios", "SandboxCommands",
    ]

    @Test("hold every target of Sources, in the folder of its layer")
    func folders() throws {
        let folder = Project.folder + "/Sources"
        let layers = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(layers.sorted() == manifest.layers.map(\.name).sorted())
        for layer in manifest.layers {
            let targets = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(layer.name)")
            #expect(targets.sorted() == layer.targets.sorted(), "\(layer.name)")
        }
    }

    @Test("depend on lower layers, and on listed neighbours")
    func directions() throws {
        var seen = 0
        for (target, dependencies) in manifest.dependencies {
            guard let level = manifest.level(of: target) else { continue }
            for dependency in dependencies {
                guard let other = manifest.level(of: dependency) else { continue }
                seen += 1
                let isNeighbour = other == level && Self.neighbours[target]?.contains(dependency) ?? false
                #expect(other < level || isNeighbour, "\(target) depends on \(dependency)")
            }
        }
        #expect(seen > 150)
    }

    @Test("keep interfaces from the database: interfaces call use cases and read models")
    func interfaces() throws {
        let interfaces = try #require(manifest.layers.first { $0.name == "Interfaces" }).targets
        let stores: Set<String> = ["Storage", "StorageSQLite", "StoragePostgreSQL"]
        for target in interfaces {
            let known = try #require(manifest.dependencies[target])
            #expect(known.isDisjoint(with: stores), "\(target) depends on the database")
        }
    }

    @Test("keep the sandbox to itself: no target of the gateway's program depends on it")
    func sandbox() throws {
        let sandbox = Set(try #require(manifest.layers.first { $0.name == "Sandbox" }).targets)
        #expect(sandbox.isSuperset(of: Self.fixtures))
        for (target, dependencies) in manifest.dependencies
        where manifest.level(of: target) != nil && !sandbox.contains(target) {
            #expect(dependencies.isDisjoint(with: sandbox), "\(target) depends on the sandbox")
        }
    }

    private static let fixtures: Set<String> = ["FixtureTelegram", "FixtureTON", "FixtureEVM", "FixtureConnect"]

    @Test("are kept apart in the programs: the gateway's has no symbol of a fixture, the sandbox's has all")
    func programs() throws {
        // The test program is in the folder of the built programs.
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        func program(_ name: String) throws -> Data {
            try Data(contentsOf: folder.appendingPathComponent(name), options: .mappedIfSafe)
        }
        let (shipped, sandbox) = (try program("settlegate"), try program("settlegate-sandbox"))
        for fixture in Self.fixtures {
            // Swift's symbols and metadata contain the name of their module.
            #expect(sandbox.range(of: Data(fixture.utf8)) != nil, "\(fixture) is not in the sandbox's program")
            #expect(shipped.range(of: Data(fixture.utf8)) == nil, "\(fixture) is in the gateway's program")
        }
    }

    /// What signs, or makes a key that can.
    private static let signingWords = ["PrivateKey", "ExtendedSecp256k1Key", "ExtendedEd25519Key", "signRecoverable"]

    @Test("sign transfers in the signer alone: no other target that serves money names a private key")
    func signing() throws {
        // Inspection signs with keys that are given to it, and the command that makes a key shows its public half.
        let others: Set<String> = ["Inspection", "settlegate"]
        let above = manifest.layers.drop { $0.name != "Domain" }.filter { !["Protocols", "Sandbox"].contains($0.name) }
        let targets = Set(above.flatMap(\.targets))
        #expect(targets.count > 25)
        var signing: Set<String> = []
        for file in TidyTests.sources {
            let parts = file.split(separator: "/")
            guard parts.count > 3, targets.contains(String(parts[2])) else { continue }
            let code = try Project.lines(of: file).map { $0.components(separatedBy: "//")[0] }
            for line in code where Self.signingWords.contains(where: line.contains) { signing.insert(String(parts[2])) }
        }
        #expect(signing == others.union(["Signing"]))
        // Only the program that puts the parts together makes a signer; providers have no more than the port.
        for (target, dependencies) in manifest.dependencies where targets.contains(target) && target != "Gateway" {
            #expect(!dependencies.contains("Signing"), "\(target) depends on the signer")
        }
    }

    @Test("import only the dependencies of their target")
    func imports() throws {
        var used: [String: Set<String>] = [:]
        for file in TidyTests.sources {
            let target = file.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
            for (number, line) in try Project.lines(of: file).enumerated() {
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 1, words.count == index + 2 else { continue }
                let module = String(words[index + 1])
                guard !Self.systemModules.contains(module) else { continue }
                let name = Self.parts[module] ?? module
                used[target, default: []].insert(name)
                let isAllowed =
                    module == "Foundation"
                    ? Self.foundation.contains(target) : manifest.dependencies[target]?.contains(name) ?? false
                #expect(isAllowed, "\(file):\(number + 1) imports \(module)")
            }
        }
        // A dependency that no file imports is a finding; C has no imports.
        for (target, modules) in used {
            let unused = manifest.dependencies[target, default: []].subtracting(modules)
            #expect(unused.isEmpty, "\(target) does not use \(unused.sorted())")
        }
    }

    @Test("open no declaration to other packages")
    func access() throws {
        for file in TidyTests.sources {
            for (number, line) in try Project.lines(of: file).enumerated() {
                let words = line.split(separator: " ").drop { $0.hasPrefix("@") }
                guard let first = words.first, words.count > 1, first == "public" || first == "open" else { continue }
                let isDeclaration = [
                    "import", "class", "struct", "enum", "func", "var", "let", "init", "static", "final",
                ]
                .contains { words.dropFirst().first?.hasPrefix($0) ?? false }
                #expect(!isDeclaration, "\(file):\(number + 1) is \(first)")
            }
        }
    }

    @Test("mark unchecked memory accesses in every target that touches C")
    func memory() throws {
        let text = try Project.text(of: "Package.swift")
        let list = text.components(separatedBy: "let touchMemory")[1].components(separatedBy: "]")[0]
        let marked = Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
        let system = Set(manifest.layers[0].targets).union(["Glibc", "GRDBSQLite"])
        var touching: Set<String> = []
        for file in TidyTests.sources {
            let imports = try Project.lines(of: file).compactMap { $0.firstMatch(of: /^(?:package )?import (\w+)$/)?.1 }
            guard imports.contains(where: { system.contains(String($0)) }) else { continue }
            touching.insert(file.split(separator: "/").dropFirst(2).first.map(String.init) ?? "")
        }
        #expect(touching.count > 8)
        #expect(touching.subtracting(marked).isEmpty)
    }

    @Test("are documented: each target is described, and each named file exists")
    func document() throws {
        let text = try Project.text(of: "docs/architecture.md")
        for target in manifest.layers.flatMap(\.targets) where !manifest.layers[0].targets.contains(target) {
            #expect(text.contains("`\(target)`"), "\(target)")
        }
        let paths = text.matches(of: /`((?:Sources|Config|Tests|scripts)\/[^`<]+)`/).map { String($0.1) }
        #expect(paths.count > 30)
        for path in paths { #expect(FileManager.default.fileExists(atPath: "\(Project.folder)/\(path)"), "\(path)") }
    }
}
