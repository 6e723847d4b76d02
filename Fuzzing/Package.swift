// swift-tools-version: 6.2
import PackageDescription

/// What this package uses is open to its own package only, so that this one is compiled as a part of it: under the name
/// that SwiftPM gives it, which is that of its folder.
let folder = Context.packageDirectory.split(separator: "/").dropLast().last ?? ""
let partOfThePackage = SwiftSetting.unsafeFlags([
    "-package-name", String(folder.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }),
])

let package = Package(
    name: "fuzzing",
    dependencies: [.package(name: "settlegate", path: "..")],
    targets: [
        .executableTarget(
            name: "Fuzzing",
            dependencies: [
                .product(name: "SettlegateCodecs", package: "settlegate")
            ],
            packageAccess: false,
            // libFuzzer brings the main function.
            swiftSettings: [.unsafeFlags(["-parse-as-library"]), partOfThePackage],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
        )
    ],
    swiftLanguageModes: [.v6]
)
