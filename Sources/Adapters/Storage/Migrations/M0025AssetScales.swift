extension Schema {
    /// How many decimal digits the smallest unit of each asset has, by which every amount here is read.
    static let assetScales = Migration(
        number: 25,
        statements: ["CREATE TABLE asset_scales (asset TEXT NOT NULL PRIMARY KEY, scale {integer} NOT NULL) {table}"]
    )
}
