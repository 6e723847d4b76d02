package import Money
import Synchronization
package import TelegramBot

/// How the asset list, the table that is kept and Telegram now count the currencies of card payments.
///
/// Where they differ, money would be off by a hundred, and nothing is opened.
///
/// The asset list alone decides how an amount is written: balances are kept in its smallest units.
package final class TelegramCurrencies: Sendable {
    private let assets: AssetRegistry
    private let kept: CurrencyTable
    private let current = Mutex<CurrencyTable?>(nil)

    /// The currencies of an asset list.
    ///
    /// - Parameters:
    ///   - assets: the asset list.
    ///   - kept: Telegram's table as it is kept.
    package init(assets: AssetRegistry, kept: CurrencyTable) {
        self.assets = assets
        self.kept = kept
    }

    /// Takes over what Telegram says now.
    package func hear(_ table: CurrencyTable) { current.withLock { $0 = table } }

    /// Why a currency cannot be taken.
    package struct Fault: Hashable, Sendable {
        /// Why, for who wants to take it.
        package let reason: String
        /// Whether amounts would mean something else to Telegram.
        package let isOff: Bool
    }

    /// Why a currency cannot be taken; none: it can.
    package func fault(of currency: String) -> Fault? {
        guard let asset = (try? AssetID.fiat(currency)).flatMap({ assets.asset($0) }) else {
            return Fault(reason: "there is no currency '\(currency.prefix(10))' in the asset list", isOff: false)
        }
        let current = current.withLock { $0 }
        for (table, name) in [(kept, "currencies.json"), (current ?? kept, "Telegram")] {
            guard let entry = table.entry(currency) else {
                return Fault(reason: "Telegram does not take \(currency)", isOff: false)
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

    /// The least and the most of one payment, in smallest units.
    func limits(of currency: String) -> ClosedRange<Int64>? {
        (current.withLock { $0 }?.entry(currency) ?? kept.entry(currency)).map { $0.minimumAmount...$0.maximumAmount }
    }
}
