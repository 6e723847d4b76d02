// swift-tools-version: 6.2
import PackageDescription

/// What this package uses is open to its own package only, so that this one is compiled as a part of it: under the name
/// that SwiftPM gives it, which is that of its folder.
let folder = Context.packageDirectory.split(separator: "/").dropLast().last ?? ""
let partOfThePackage = SwiftSetting.unsafeFlags([
    "-package-name", String(folder.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }),
])

let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(name: "settlegate", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSecp", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .target(name: "CCeilings", dependencies: ["CSQLite", "CCrypto", "CSecp"], cSettings: [.unsafeFlags(["-O2"])]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CCeilings", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SettlegateCore", package: "settlegate"),
            ],
            packageAccess: false,
            swiftSettings: [partOfThePackage]
        ),
    ],
    swiftLanguageModes: [.v6]
)
