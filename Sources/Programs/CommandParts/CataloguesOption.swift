package import ArgumentParser
import Foundation
import Gateway
package import Money

/// The option for the folder with the lists of assets, accounts and rules.
package struct CataloguesOption: ParsableArguments {
    @Option(
        name: .customLong("catalogues"),
        help: "The folder with the lists of assets, accounts and rules; Config by default, here or above the program."
    )
    package var named: String?

    package init() {}

    /// The folder that was named, or the default one.
    package var folder: String { named ?? Self.usual ?? "Config" }

    /// The listed assets; empty when no folder was named and none is found.
    package func assets() throws -> AssetRegistry {
        guard named != nil || Self.usual != nil else { return try AssetRegistry([]) }
        return try Catalogues(folder: folder).assets
    }

    /// `Config` in the working directory, or in the nearest folder above the program, as in a build from source.
    private static var usual: String? {
        if isCatalogues("Config") { return "Config" }
        guard var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() else {
            return nil
        }
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("Config").path
            if isCatalogues(candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func isCatalogues(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/assets.yaml")
    }
}
