import BigInt
package import Seams

/// An asset and its properties.
package struct Asset: Hashable, Sendable {
    /// A name under which people know an asset for some time.
    package struct DisplayName: Hashable, Sendable {
        /// The ticker.
        package let ticker: String
        /// From when it holds; nil for always.
        package let from: Timestamp?

        /// A name from a moment on.
        package init(ticker: String, from: Timestamp? = nil) {
            self.ticker = ticker
            self.from = from
        }
    }

    /// The identifier.
    package let id: AssetID
    /// A short code of its own in this gateway, for reports and exports.
    package let code: String
    /// Its name for people.
    package let name: String
    /// How many decimal digits its smallest unit has.
    package let scale: Int
    /// How many decimal digits its rail can carry.
    ///
    /// These are fewer than ``scale`` only for Stars, which move in whole Stars while balances have nano-Stars.
    package let wireScale: Int
    /// The least amount of a payout: sending less would cost more than it is worth.
    package var payoutMinimum: Amount
    /// Its tickers, the oldest first.
    package let displayNames: [DisplayName]

    /// An asset and its properties.
    package init(
        id: AssetID,
        code: String,
        name: String,
        scale: Int,
        wireScale: Int? = nil,
        displayNames: [DisplayName]
    ) {
        self.id = id
        self.code = code
        self.name = name
        self.scale = scale
        self.wireScale = wireScale ?? scale
        self.displayNames = displayNames
        // The default is a thousandth of a major unit.
        let units = Int256(exactly: BigInt(10).power(min(max(0, scale - 3), 76)))
        payoutMinimum = Amount(asset: id, units: units ?? 1)
    }

    /// The ticker at a moment; the code when it has none.
    package func ticker(at moment: Timestamp) -> String {
        displayNames.last { $0.from.map { $0 <= moment } ?? true }?.ticker ?? code
    }

    /// The amount of `units` on the rail's wire, for example whole Stars.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/overflow``.
    package func amount(wireUnits units: Int256) throws(MoneyError) -> Amount {
        let product = BigInt(units) * BigInt(10).power(scale - wireScale)
        guard let units = Int256(exactly: product) else { throw .overflow("the amount needs more than 256 bits") }
        return Amount(asset: id, units: units)
    }

    /// An amount in the rail's units.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/tooPrecise`` when the rail cannot carry all its digits.
    package func wireUnits(of amount: Amount) throws(MoneyError) -> Int256 {
        guard amount.asset == id else { throw .differentAssets("\(amount.asset) is not \(id)") }
        let (quotient, remainder) = BigInt(amount.units).quotientAndRemainder(
            dividingBy: BigInt(10).power(scale - wireScale)
        )
        guard remainder.isZero, let units = Int256(exactly: quotient) else {
            throw MoneyError(.tooPrecise, "\(code) moves with \(wireScale) fraction digits")
        }
        return units
    }

    /// The nearest amount that the rail can carry.
    ///
    /// - Throws: ``MoneyError`` when the result does not fit.
    package func roundedToWire(_ amount: Amount, rounding: Rounding) throws(MoneyError) -> Amount {
        let step = BigInt(10).power(scale - wireScale)
        let units = rounding.quotient(BigInt(amount.units), by: step) * step
        guard let fitted = Int256(exactly: units) else { throw .overflow("the amount needs more than 256 bits") }
        return Amount(asset: amount.asset, units: fitted)
    }
}

/// The assets that a gateway knows.
package struct AssetRegistry: Sendable {
    /// The assets, in the order of the list.
    package let assets: [Asset]
    private let byID: [AssetID: Asset]
    private let byCode: [String: Asset]

    /// A registry of `assets`.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/duplicateAsset``.
    package init(_ assets: [Asset]) throws(MoneyError) {
        var byID: [AssetID: Asset] = [:]
        var byCode: [String: Asset] = [:]
        for asset in assets {
            guard byID.updateValue(asset, forKey: asset.id) == nil,
                byCode.updateValue(asset, forKey: asset.code) == nil
            else { throw MoneyError(.duplicateAsset, "\(asset.id) or its code \(asset.code) is listed twice") }
        }
        self.assets = assets
        self.byID = byID
        self.byCode = byCode
    }

    /// The asset with an identifier.
    package func asset(_ id: AssetID) -> Asset? { byID[id] }

    /// The asset with a code.
    package func asset(code: String) -> Asset? { byCode[code] }
}
