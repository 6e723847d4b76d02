// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "fuzzing",
    dependencies: [.package(name: "settlegate", path: "..")],
    targets: [
        .executableTarget(
            name: "Fuzzing",
            dependencies: [
                .product(name: "SettlegateCodecs", package: "settlegate")
            ],
            // libFuzzer brings the main function.
            swiftSettings: [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
        )
    ],
    swiftLanguageModes: [.v6]
)
