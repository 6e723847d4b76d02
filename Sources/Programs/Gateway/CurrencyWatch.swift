package import HTTPMessages
import Logging
import ProviderTelegram
package import Seams
package import TelegramBot

/// Reads Telegram's table of currencies at intervals; a currency whose fraction digits have changed is refused from
/// then on.
///
/// Nothing changes while Telegram does not answer.
package struct CurrencyWatch: Sendable {
    /// How often the table is read; Telegram changes limits daily, and fraction digits hardly ever.
    private static let interval = Duration.seconds(6 * 3_600)

    let url: String
    let currencies: TelegramCurrencies
    let transport: any HTTPTransport
    let clock: any WallClock
    let logger: Logger

    /// Telegram's table as it is now.
    ///
    /// - Throws: ``ConfigurationError`` when the server does not answer 200, and `TelegramError` when the table cannot
    ///   be read.
    package static func table(
        at url: String,
        by transport: any HTTPTransport,
        _ clock: any WallClock
    ) async throws -> CurrencyTable {
        let response = try await transport.send(HTTPRequest(url: url))
        guard response.status == 200 else { throw ConfigurationError("\(url) answers \(response.status)") }
        return try CurrencyTable(parsing: response.body, asOf: String(clock.now().description.prefix(10)))
    }

    func runOnce() async {
        do { currencies.replace(with: try await Self.table(at: url, by: transport, clock)) } catch {
            logger.warning("Telegram's table of currencies cannot be read: \(error)")
        }
    }

    func run() async {
        while !Task.isCancelled {
            await runOnce()
            do { try await clock.sleep(for: Self.interval) } catch { return }
        }
    }
}
