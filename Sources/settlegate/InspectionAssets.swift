import Gateway
import Money

/// The assets that `inspect amount` knows.
enum InspectionAssets {
    static func load(_ catalogues: String) throws -> AssetRegistry { try Catalogues(folder: catalogues).assets }
}
