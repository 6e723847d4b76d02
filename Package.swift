// swift-tools-version: 6.2
import PackageDescription

let bigInt = Target.Dependency.product(name: "BigInt", package: "BigInt")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// The folders of Sources, from the ground up: a target imports from those below its own.
let layers: [(name: String, targets: [String])] = [
    (
        "System",
        [
            "COpenSSL", "CSecp256k1", "CCurl", "CCurlShims", "CPostgres", "CProcessShims", "CQREncode", "CSQLiteShims",
            "CSodium",
        ]
    ),
    ("Base", ["Seams", "StrictJSON", "Money", "Cryptography", "HTTPMessages"]),
    ("Domain", ["Ledger", "Payments", "Providers", "Records", "Statements"]),
    ("Protocols", ["TON", "EVM", "TelegramBot", "TONConnect"]),
    (
        "Adapters",
        [
            "Storage", "StorageSQLite", "StoragePostgreSQL", "HTTPTransport", "ProviderTelegram", "ProviderTON",
            "ProviderEVM", "Signing", "Keystore", "Rates",
        ]
    ),
    (
        "Application",
        ["Settlement", "Reconciliation", "Finance", "Exports", "Webhooks", "WalletPayments", "BotConversation"]
    ),
    ("Interfaces", ["HTTPServer", "Routing", "TelegramIntake", "MerchantAPI", "Checkout", "Monitoring"]),
    ("Programs", ["Gateway", "Operations", "Inspection", "CommandParts", "settlegate"]),
    (
        "Sandbox",
        [
            "FixtureTelegram", "FixtureTON", "FixtureEVM", "FixtureConnect", "Sandbox", "Scenarios", "SandboxCommands",
        ]
    ),
]

let package = Package(
    name: "settlegate",
    products: [
        .executable(name: "settlegate", targets: ["settlegate"]),
        .executable(name: "settlegate-sandbox", targets: ["SandboxCommands"]),
        // For Benchmarks, which is a package of its own.
        .library(
            name: "SettlegateCore",
            targets: [
                "TON", "EVM", "Cryptography", "Money", "Ledger", "Payments", "Providers", "Records", "ProviderEVM",
                "Signing",
                "Storage",
                "StorageSQLite", "StoragePostgreSQL",
                "Settlement", "Reconciliation", "FixtureEVM", "HTTPMessages", "HTTPTransport", "StrictJSON", "Seams",
            ]
        ),
        // For Fuzzing, which is a package of its own.
        .library(
            name: "SettlegateCodecs",
            targets: [
                "TON", "EVM", "StrictJSON", "Money", "Cryptography", "TelegramBot", "ProviderEVM", "Inspection",
                "Webhooks", "TONConnect", "Seams",
            ]
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/attaswift/BigInt", exact: "6.0.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .target(name: "CCurlShims", dependencies: ["CCurl"]),
        .target(name: "CProcessShims"),
        .target(name: "CSQLiteShims", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "Seams"),
        .target(name: "StrictJSON", dependencies: ["Seams"]),
        .target(name: "Money", dependencies: ["Seams", bigInt]),
        .target(name: "Cryptography", dependencies: ["COpenSSL", "CSecp256k1", "Seams"]),
        .target(name: "Ledger", dependencies: ["Money", "Seams", bigInt]),
        .target(name: "Payments", dependencies: ["Money", "Seams", bigInt]),
        .target(name: "Providers", dependencies: ["Money", "Payments", "Seams", bigInt]),
        .target(name: "Statements", dependencies: ["Money", "Seams", bigInt]),
        .target(name: "Records", dependencies: ["Payments", "Money", "StrictJSON", "Seams"]),
        .target(name: "TON", dependencies: ["Cryptography", "Seams"]),
        .target(name: "EVM", dependencies: ["Cryptography", "StrictJSON", "Seams", bigInt]),
        .target(name: "Keystore", dependencies: ["Cryptography", "StrictJSON", "Seams"]),
        .target(name: "HTTPMessages", dependencies: ["Seams"]),
        .target(name: "HTTPTransport", dependencies: ["HTTPMessages", "CCurl", "CCurlShims", "Seams"]),
        .target(
            name: "TONConnect",
            dependencies: ["HTTPMessages", "Cryptography", "StrictJSON", "Seams", "CSodium"]
        ),
        .target(
            name: "TelegramBot",
            dependencies: ["HTTPMessages", "Cryptography", "StrictJSON", "Seams"]
        ),
        .target(
            name: "ProviderTelegram",
            dependencies: [
                "Providers", "Payments", "Money", "TelegramBot", "StrictJSON", "Seams", "Cryptography",
            ]
        ),
        .target(
            name: "ProviderTON",
            dependencies: [
                "Providers", "Payments", "Money", "TON", "HTTPMessages", "StrictJSON", "Seams", "Cryptography",
            ]
        ),
        .target(
            name: "ProviderEVM",
            dependencies: [
                "Providers", "Payments", "Money", "EVM", "HTTPMessages", "StrictJSON", "Seams", "Cryptography", bigInt,
            ]
        ),
        .target(
            name: "Signing",
            dependencies: ["Providers", "Payments", "Money", "TON", "EVM", "Cryptography", "Seams", bigInt]
        ),
        .target(
            name: "Storage",
            dependencies: [
                "Ledger", "Payments", "Records", "Money", "Cryptography", "Seams", "StrictJSON", bigInt,
            ]
        ),
        .target(
            name: "StorageSQLite",
            dependencies: ["Records", "Seams", "Storage", "Money", "CSQLiteShims", grdb, sqlite, bigInt]
        ),
        .target(
            name: "StoragePostgreSQL",
            dependencies: ["Records", "Storage", "Ledger", "Money", "Seams", "CPostgres"]
        ),
        .target(
            name: "Settlement",
            dependencies: [
                "Ledger", "Payments", "Money", "Providers", "Records", "Storage", "StrictJSON", "Cryptography", "Seams",
                bigInt,
            ]
        ),
        .target(
            name: "Reconciliation",
            dependencies: [
                "Settlement", "Records", "Storage", "Providers", "Payments", "Ledger", "Money", "Seams", bigInt,
                logging,
            ]
        ),
        .target(
            name: "Finance",
            dependencies: ["Settlement", "Records", "Storage", "Payments", "Ledger", "Money", "StrictJSON", "Seams"]
        ),
        .target(name: "Exports", dependencies: ["Cryptography", "StrictJSON", "Seams"]),
        .target(
            name: "Webhooks",
            dependencies: ["Records", "Storage", "HTTPMessages", "Cryptography", "Payments", "Seams", logging]
        ),
        .target(
            name: "BotConversation",
            dependencies: ["Records", "TelegramBot", "Storage", "Payments", "Money", "StrictJSON", "Seams"]
        ),
        .target(
            name: "Rates",
            dependencies: ["HTTPMessages", "StrictJSON", "Money", "Seams", bigInt, logging]
        ),
        .target(
            name: "WalletPayments",
            dependencies: [
                "TONConnect", "Settlement", "Storage", "Providers", "Payments", "Money", "HTTPMessages",
                "Cryptography", "Seams", logging,
            ]
        ),
        .target(name: "HTTPServer", dependencies: ["HTTPMessages", "Seams", hummingbird, lifecycle, logging]),
        .target(
            name: "Routing",
            dependencies: [
                "Settlement", "Records", "HTTPMessages", "StrictJSON", "Cryptography", "Seams", logging,
            ]
        ),
        .target(
            name: "Monitoring",
            dependencies: ["Routing", "Settlement", "HTTPMessages", "StrictJSON", "Seams"]
        ),
        .target(
            name: "Checkout",
            dependencies: [
                "Routing", "Providers", "Settlement", "Records", "Payments", "Money", "TelegramBot", "HTTPMessages",
                "StrictJSON",
                "Cryptography", "Seams", "TONConnect", "WalletPayments", "CQREncode", mustache,
            ],
            resources: [
                .embedInCode("Resources/tonconnect-icon.png"),
                .embedInCode("Resources/checkout.mustache"), .embedInCode("Resources/checkout.css"),
                .embedInCode("Resources/checkout.js"), .embedInCode("Resources/settlegate.js"),
                .embedInCode("Resources/settlegate.d.ts"), .embedInCode("Resources/en.json"),
                .embedInCode("Resources/ru.json"),
            ]
        ),
        .target(
            name: "TelegramIntake",
            dependencies: [
                "Routing", "Settlement", "Providers", "Payments", "TelegramBot", "HTTPMessages",
                "StrictJSON", "Seams",
                "Cryptography", logging,
            ]
        ),
        .target(
            name: "MerchantAPI",
            dependencies: [
                "Routing", "Settlement", "Finance", "Webhooks", "Records", "Providers", "Payments", "Money", "Ledger",
                "HTTPMessages", "StrictJSON", "Seams", "Cryptography",
            ]
        ),
        .target(name: "FixtureTON", dependencies: ["TON", "HTTPMessages", "StrictJSON", "Cryptography", "Seams"]),
        .target(
            name: "FixtureEVM",
            dependencies: ["EVM", "HTTPMessages", "StrictJSON", "Cryptography", "Seams", bigInt]
        ),
        .target(name: "FixtureTelegram", dependencies: ["HTTPMessages", "StrictJSON", "Seams"]),
        .target(
            name: "FixtureConnect",
            dependencies: [
                "FixtureTON", "TON", "TONConnect", "HTTPMessages", "StrictJSON", "Cryptography", "Seams",
            ]
        ),
        .target(
            name: "Sandbox",
            dependencies: [
                "FixtureConnect", "Cryptography", "FixtureTON", "FixtureEVM", "FixtureTelegram", "HTTPServer",
                "HTTPMessages", "TON", "EVM",
                "StrictJSON",
                "Seams", bigInt, logging,
            ]
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "BotConversation", "Routing", "Checkout", "TelegramIntake", "MerchantAPI", "Monitoring", "HTTPServer",
                "Rates", "Settlement", "Reconciliation",
                "Webhooks", "Records", "Storage", "StorageSQLite", "StoragePostgreSQL", "TONConnect", "WalletPayments",
                "Providers",
                "ProviderTelegram", "ProviderTON", "ProviderEVM", "Signing", "TelegramBot", "TON", "EVM",
                "HTTPMessages",
                "HTTPTransport",
                "Payments", "Money",
                "Ledger", "StrictJSON", "Seams", "Cryptography", "Keystore", bigInt, yams, logging,
            ]
        ),
        .target(
            name: "Operations",
            dependencies: [
                "Gateway", "Reconciliation", "Records", "Storage", "StorageSQLite", "Providers", "ProviderTelegram",
                "TelegramBot",
                "TON", "HTTPMessages", "Keystore", "Payments", "Money", "Ledger", "StrictJSON", "Seams",
                "Cryptography",
            ]
        ),
        .target(
            name: "Inspection",
            dependencies: [
                "TON", "EVM", "Cryptography", "Money", "TelegramBot", "Webhooks", "HTTPMessages", "StrictJSON",
                "Seams",
                bigInt,
            ]
        ),
        .target(
            name: "Scenarios",
            dependencies: [
                "CommandParts", "Gateway", "Operations", "MerchantAPI", "Routing", "HTTPServer", "Sandbox",
                "FixtureTON", "FixtureEVM",
                "FixtureTelegram",
                "Settlement", "Reconciliation", "Records", "Storage", "Payments", "Providers", "Webhooks", "Keystore",
                "ProviderTON", "Signing", "TON", "EVM", bigInt,
                "Money", "Ledger", "HTTPMessages", "HTTPTransport", "StrictJSON", "Seams", "Cryptography", yams,
                logging,
            ]
        ),
        .target(
            name: "CommandParts",
            dependencies: [
                "CProcessShims", "Gateway", "HTTPMessages", "HTTPTransport", "StrictJSON", "Money", argumentParser,
                logging,
            ]
        ),
        .executableTarget(
            name: "settlegate",
            dependencies: [
                "CommandParts", "Gateway", "Operations", "MerchantAPI", "Inspection", "Exports", "Cryptography",
                "StrictJSON", "Keystore", "HTTPMessages", "HTTPTransport", "Seams", "Ledger", "Payments",
                "Reconciliation",
                "Settlement", "Records", "Statements", "Storage", "TON", "TelegramBot", "ProviderTelegram", "Webhooks",
                "Money", argumentParser,
            ]
        ),
        .executableTarget(
            name: "SandboxCommands",
            dependencies: [
                "CommandParts", "Gateway", "Operations", "MerchantAPI", "Scenarios", "Sandbox", "Cryptography",
                "StrictJSON", "HTTPMessages", "HTTPTransport", "Seams", "Webhooks", argumentParser,
            ]
        ),
        .testTarget(name: "SeamsTests", dependencies: ["Seams"]),
        .testTarget(name: "StrictJSONTests", dependencies: ["Seams", "StrictJSON"]),
        .testTarget(name: "MoneyTests", dependencies: ["Money", "Seams", bigInt]),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography", "Seams"]),
        .testTarget(name: "EVMTests", dependencies: ["EVM", "Cryptography", "StrictJSON", "Seams", bigInt]),
        .testTarget(name: "KeystoreTests", dependencies: ["Keystore", "Cryptography", "Seams"]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger", "Money", "Seams", bigInt]),
        .testTarget(name: "ExportsTests", dependencies: ["Exports", "StrictJSON", "Seams"]),
        .testTarget(name: "StatementsTests", dependencies: ["Statements", "Money", "Seams", bigInt, yams]),
        .testTarget(name: "PaymentsTests", dependencies: ["Payments", "Money"]),
        .testTarget(name: "TONTests", dependencies: ["TON", "Cryptography", "Seams"]),
        .testTarget(
            name: "TONConnectTests",
            dependencies: ["TONConnect", "HTTPMessages", "Cryptography", "StrictJSON", "Seams"]
        ),
        .testTarget(
            name: "HTTPTransportTests",
            dependencies: ["HTTPMessages", "HTTPTransport", "HTTPServer", "Seams", logging]
        ),
        .testTarget(
            name: "BotConversationTests",
            dependencies: [
                "BotConversation", "TelegramBot", "SettlementDesk", "Settlement", "Records", "Storage", "Providers",
                "Payments",
                "Money",
                "HTTPMessages", "Cryptography", "Seams",
            ]
        ),
        .testTarget(
            name: "TelegramBotTests",
            dependencies: ["TelegramBot", "HTTPMessages", "HTTPTransport", "Cryptography", "StrictJSON", "Seams"]
        ),
        .testTarget(
            name: "ProviderTelegramTests",
            dependencies: [
                "ProviderTelegram", "TelegramBot", "Providers", "Payments", "Money", "HTTPMessages", "StrictJSON",
                "Cryptography", "Seams",
            ]
        ),
        .testTarget(
            name: "ProviderEVMTests",
            dependencies: [
                "SigningDesk", "Signing", "ProviderEVM", "FixtureEVM", "EVM", "Providers", "Payments", "Money",
                "HTTPMessages",
                "StrictJSON", "Cryptography", "Seams", bigInt,
            ]
        ),
        .testTarget(
            name: "ProviderTONTests",
            dependencies: [
                "SigningDesk", "Signing", "ProviderTON", "FixtureTON", "Providers", "Payments", "Money", "TON",
                "HTTPMessages",
                "StrictJSON", "Seams", "Cryptography",
            ]
        ),
        .testTarget(
            name: "SigningTests",
            dependencies: ["Signing", "Providers", "Payments", "Money", "TON", "EVM", "Cryptography", "Seams", bigInt]
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "DatabaseEngines", "CPowerCut", "PowerCut", "Records", "Storage", "StorageSQLite", "StoragePostgreSQL",
                "Ledger",
                "Payments", "Money", "Seams", grdb, bigInt,
            ]
        ),
        .target(name: "CPowerCut", path: "Tests/CPowerCut", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "PowerCut",
            dependencies: ["CPowerCut", "Records", "Storage", "Ledger", "Money", "Seams"],
            path: "Tests/PowerCut",
            exclude: ["Preload"]
        ),
        .target(
            name: "DatabaseEngines",
            dependencies: ["Records", "Storage", "StorageSQLite", "StoragePostgreSQL"],
            path: "Tests/DatabaseEngines"
        ),
        .target(name: "SigningDesk", dependencies: ["Providers", "Payments"], path: "Tests/SigningDesk"),
        .target(
            name: "SettlementDesk",
            dependencies: [
                "DatabaseEngines", "Settlement", "Records", "Storage", "Providers", "Ledger", "Payments", "Money",
                "Cryptography", bigInt,
                "Seams",
            ],
            path: "Tests/SettlementDesk"
        ),
        .testTarget(
            name: "RoutingTests",
            dependencies: ["Routing", "HTTPMessages", "StrictJSON", "Seams", logging]
        ),
        .testTarget(
            name: "MerchantAPITests",
            dependencies: [
                "SettlementDesk", "MerchantAPI", "Routing", "Settlement", "Webhooks", "Records", "Storage", "Payments",
                "HTTPMessages", "StrictJSON", "Cryptography", "Seams", logging,
            ]
        ),
        .testTarget(
            name: "TelegramIntakeTests",
            dependencies: [
                "CPowerCut", "PowerCut", "DatabaseEngines", "SettlementDesk", "TelegramIntake", "Routing", "HTTPServer",
                "TelegramBot", "Settlement", "Webhooks", "Records", "Storage", "StorageSQLite", "Providers", "Payments",
                "Money",
                "HTTPMessages", "HTTPTransport", "StrictJSON", "Cryptography", "Seams", logging,
            ]
        ),
        .testTarget(
            name: "RatesTests",
            dependencies: [
                "Rates", "HTTPMessages", "HTTPTransport", "HTTPServer", "Money", "Seams", logging,
            ]
        ),
        .testTarget(
            name: "CheckoutTests",
            dependencies: [
                "SettlementDesk", "Checkout", "Settlement", "Records", "Storage", "Providers", "Payments", "Money",
                "HTTPMessages", "StrictJSON", "Cryptography", "Seams",
            ]
        ),
        .testTarget(
            name: "FixtureTelegramTests",
            dependencies: ["FixtureTelegram", "HTTPMessages", "StrictJSON", "Seams"]
        ),
        .testTarget(
            name: "SettlementTests",
            dependencies: [
                "SettlementDesk", "DatabaseEngines", "BotConversation", "Checkout", "WalletPayments", "TelegramBot",
                "TONConnect", "HTTPMessages", "Cryptography", "Settlement", "Records", "Storage", "Providers", "Ledger",
                "Payments", "ProviderTelegram", "Reconciliation", "Finance",
                "Money", "Seams", "StrictJSON", bigInt, logging,
            ]
        ),
        .testTarget(
            name: "FinanceTests",
            dependencies: [
                "SettlementDesk", "DatabaseEngines", "Finance", "Settlement", "Records", "Storage", "Ledger",
                "Payments", "Money", "Seams",
            ]
        ),
        .testTarget(
            name: "ReconciliationTests",
            dependencies: [
                "SettlementDesk", "DatabaseEngines", "Reconciliation", "Settlement", "Records", "Storage", "Providers",
                "Ledger",
                "Payments", "Money", "Seams", bigInt, logging,
            ]
        ),
        .testTarget(
            name: "WebhooksTests",
            dependencies: [
                "DatabaseEngines", "Webhooks", "HTTPMessages", "HTTPServer", "HTTPTransport", "Cryptography", "Seams",
                "Records", "Storage", "StorageSQLite", "StoragePostgreSQL", "Payments", logging,
            ]
        ),
        .testTarget(name: "InspectionTests", dependencies: ["Money", "Inspection", "StrictJSON"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "DatabaseEngines", "FixtureTelegram", "Sandbox",
                "Scenarios", "CommandParts", "Settlement", "Gateway", "Operations", "MerchantAPI", "Routing",
                "HTTPMessages",
                "HTTPTransport",
                "HTTPServer",
                "StrictJSON",
                "Seams",
                "Payments", "Providers", "ProviderTelegram", "TelegramBot", "Keystore", "Money", "Ledger", "Records",
                "Storage",
                "StorageSQLite", "StoragePostgreSQL",
                "Cryptography", logging,
            ]
        ),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

for layer in layers {
    for target in package.targets where layer.targets.contains(target.name) {
        target.path = "Sources/\(layer.name)/\(target.name)"
    }
}

/// The targets that touch C or memory: each use of what the compiler cannot check is marked.
let touchMemory: Set<String> = [
    "Seams", "HTTPMessages", "Cryptography", "TONConnect", "Keystore", "HTTPTransport", "Storage", "StorageSQLite",
    "StoragePostgreSQL", "Checkout", "CommandParts", "Gateway", "SandboxCommands",
]

for target in package.targets where touchMemory.contains(target.name) {
    target.swiftSettings = [.strictMemorySafety()]
}

for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
