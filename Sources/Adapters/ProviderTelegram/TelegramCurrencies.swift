package import Money
import Synchronization
package import TelegramBot

/// Compares the fraction digits of currencies in the asset list, in the stored table and at Telegram.
///
/// Where they differ, amounts would be wrong by a factor of ten or more, and no option is opened.
///
/// Only the asset list decides how an amount is written, because balances are kept in its smallest units.
package final class TelegramCurrencies: Sendable {
    private let assets: AssetRegistry
    private let kept: CurrencyTable
    private let current = Mutex<CurrencyTable?>(nil)

    /// The currencies of an asset list.
    ///
    /// - Parameters:
    ///   - assets: the asset list.
    ///   - kept: Telegram's table, as it is stored.
    package init(assets: AssetRegistry, kept: CurrencyTable) {
        self.assets = assets
        self.kept = kept
    }

    /// Replaces the table with Telegram's current one.
    package func replace(with table: CurrencyTable) { current.withLock { $0 = table } }

    /// Why a currency cannot be accepted.
    package struct Fault: Hashable, Sendable {
        /// The reason, for the merchant or operator.
        package let reason: String
        /// Whether Telegram would read amounts with another factor.
        package let isOff: Bool
    }

    /// Why a currency cannot be accepted; nil when it can.
    package func fault(of currency: String) -> Fault? {
        guard let asset = (try? AssetID.fiat(currency)).flatMap({ assets.asset($0) }) else {
            return Fault(reason: "there is no currency '\(currency.prefix(10))' in the asset list", isOff: false)
        }
        let current = current.withLock { $0 }
        for (table, name) in [(kept, "currencies.json"), (current ?? kept, "Telegram")] {
            guard let entry = table.entry(currency) else {
                return Fault(reason: "Telegram does not accept \(currency)", isOff: false)
            }
            guard entry.exponent == asset.wireScale else {
                let reason = """
                    \(currency) has \(entry.exponent) fraction digits by \(name) and \(asset.wireScale) by the asset list: \
                    amounts would be off, so that nothing is taken in it
                    """
                return Fault(reason: reason, isOff: true)
            }
        }
        return nil
    }

    /// The currencies of a table whose fraction digits are not those of the asset list, a sentence each.
    package static func differences(of table: CurrencyTable, from assets: AssetRegistry) -> [String] {
        table.entries.compactMap { entry in
            guard let asset = (try? AssetID.fiat(entry.code)).flatMap({ assets.asset($0) }),
                asset.wireScale != entry.exponent
            else { return nil }
            return "\(entry.code) has \(entry.exponent) fraction digits there and \(asset.wireScale) in the asset list"
        }
    }

    /// The smallest and largest amount of one payment, in smallest units.
    func limits(of currency: String) -> ClosedRange<Int64>? {
        (current.withLock { $0 }?.entry(currency) ?? kept.entry(currency)).map { $0.minimumAmount...$0.maximumAmount }
    }
}
