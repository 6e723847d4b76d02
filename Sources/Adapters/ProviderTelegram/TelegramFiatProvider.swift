package import Cryptography
package import Money
package import Payments
package import Providers
import StrictJSON
import TelegramBot

/// Fiat money through a payment provider token of a bot (Bot API, "Payments").
///
/// Telegram offers neither refunds nor statements for it; the payment provider does.
package struct TelegramFiatProvider: PaymentProvider, PushReceiving {
    private let channel: TelegramChannel
    private let providerToken: SecretBytes
    private let currencies: [AssetID]
    private let table: TelegramCurrencies
    private let shipping: [ShippingOption]

    /// A provider of fiat money.
    ///
    /// - Parameters:
    ///   - channel: the bot.
    ///   - providerToken: the token from BotFather for the payment provider.
    ///   - currencies: the currencies that it accepts, in the order of preference.
    ///   - table: the fraction digits and limits of currencies, which are checked before a link is made.
    ///   - shipping: the ways of shipping that are offered to any address.
    package init(
        channel: TelegramChannel,
        providerToken: SecretBytes,
        currencies: [AssetID],
        table: TelegramCurrencies,
        shipping: [ShippingOption] = []
    ) {
        self.channel = channel
        self.providerToken = providerToken
        self.currencies = currencies
        self.table = table
        self.shipping = shipping
    }

    /// The bot's key and `-fiat`.
    package var key: String { TelegramChannel.fiatProvider(of: channel.key) }
    /// The bot's number.
    package var place: String? { channel.client.number.map { "bot \($0)" } }
    /// The rail.
    package var rail: Rail { .telegramFiat }
    /// The bot's payments through any payment provider, whatever its token.
    package var accountNames: [String] { [channel.account(of: "fiat")] }
    /// The provider's abilities.
    package var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .invoiceLink,
            assets: currencies,
            takesPartialPayments: false,
            refunds: .elsewhere,
            paysOut: false,
            isTestNetwork: channel.mapping.isTestEnvironment,
            // A payment that was approved in the last second may arrive this much later.
            graceAfterExpiry: .seconds(150),
            settings: Self.settings
        )
    }

    /// Takes updates.
    package var push: (any PushReceiving)? { self }
    /// Telegram has no list of fiat payments.
    package var scan: (any TransferScanning)? { nil }
    /// Refunds are made at the payment provider.
    package var send: (any TransferSending)? { nil }
    /// Telegram states no balance.
    package var state: (any BalanceStating)? { nil }
    /// The bot's inbox.
    package var source: String { channel.source }

    /// Checks whether Telegram could accept the order.
    ///
    /// - Throws: `ProviderError`.
    package func check(_ request: OpenRequest) throws(ProviderError) { try channel.check(link(request)) }

    /// Opens an invoice link.
    ///
    /// - Throws: `ProviderError`.
    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        try await channel.open(link(request))
    }

    /// The ways of shipping of an order whose price is flexible, and the largest tip.
    ///
    /// A way of shipping with a price in another currency is left out, because its price is added to the order's.
    package func terms(of option: PaymentOption) -> OptionTerms {
        let asset = option.due.asset
        guard let settings = try? RailSettings(option.settings, allowed: Self.settings) else { return .none }
        let tip = settings.number("max_tip_amount").flatMap {
            try? channel.mapping.amount($0, currency: Self.currency(of: asset))
        }
        return OptionTerms(
            shipping: settings.flag("is_flexible") ? shipping.filter { $0.price.asset == asset } : nil,
            maximumTip: tip
        )
    }

    private static func currency(of asset: AssetID) -> String { String(asset.text.dropFirst("fiat:".count)) }

    private func link(_ request: OpenRequest) throws(ProviderError) -> InvoiceLink {
        let settings = try RailSettings(request.settings, allowed: Self.settings)
        let currency = Self.currency(of: request.due.asset)
        let token = providerToken.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        var link = try channel.link(request, currency: currency, providerToken: token)
        let units = try channel.mapping.wireUnits(request.due)
        try link.apply(settings, shipping: shipping, due: request.due)
        try link.checkReceipt(exponent: channel.mapping.asset(currency: currency).wireScale, due: units)
        try checkLimits(of: currency, units)
        return link
    }

    /// Refuses a currency whose amounts Telegram would read with another factor, and amounts outside Telegram's limits.
    private func checkLimits(of currency: String, _ units: Int64) throws(ProviderError) {
        if let fault = table.fault(of: currency) { throw ProviderError(.refused, fault.reason) }
        guard let limits = table.limits(of: currency), !limits.contains(units) else { return }
        throw ProviderError(
            .invalidRequest,
            "Telegram takes \(limits.lowerBound) to \(limits.upperBound) smallest units of \(currency)"
        )
    }

    /// Reads an update; updates about Stars are left to the other provider.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    package func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage] {
        try channel.interpret(message) { $0 != InvoiceLink.stars }
    }

    /// Answers a pre-checkout or shipping query.
    ///
    /// - Throws: `ProviderError`; with the code `tooLate` when Telegram no longer waits.
    package func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError) {
        try await channel.answer(question, with: decision)
    }
}
