import Money
import Payments
import Providers
import StrictJSON
import TelegramBot

extension TelegramFiatProvider {
    /// The settings of fiat payments (Bot API, `createInvoiceLink`).
    ///
    /// They are tips in smallest units, the data that the customer has to give, the part of it that is passed to the
    /// payment provider, JSON for the payment provider, and a picture.
    static let settings: [RailSetting] =
        ["is_flexible"].map { RailSetting($0, .flag) }
        + (needs + disclosures.map(\.name)).map { RailSetting($0, .flag) }
        + [
            RailSetting("max_tip_amount", .number(0...Int64.max)),
            RailSetting("suggested_tip_amounts", .numbers(maximumCount: 4)),
            RailSetting("provider_data", .text(maximumBytes: 16_384)),
            RailSetting("photo_url", .webAddress),
            RailSetting("photo_size", .number(1...Int64(Int32.max))),
            RailSetting("photo_width", .number(1...Int64(Int32.max))),
            RailSetting("photo_height", .number(1...Int64(Int32.max))),
        ]

    fileprivate static let needs = ["need_name", "need_email", "need_phone_number", "need_shipping_address"]
    /// The data that is passed to the payment provider, and the setting that asks the customer for it.
    fileprivate static let disclosures = [
        (name: "send_email_to_provider", need: "need_email"),
        (name: "send_phone_number_to_provider", need: "need_phone_number"),
    ]
}

extension InvoiceLink {
    /// Applies a merchant's settings.
    ///
    /// - Parameters:
    ///   - settings: the settings, each in a valid form.
    ///   - shipping: the bot's ways of shipping.
    ///   - due: the amount due, in smallest units.
    /// - Throws: `ProviderError` with the setting that contradicts the others: nobody could pay, or the setting would
    ///   silently have no effect.
    mutating func apply(
        _ settings: RailSettings,
        shipping: [ShippingOption],
        due: Amount
    ) throws(ProviderError) {
        func check(_ condition: Bool, _ name: String, _ reason: String) throws(ProviderError) {
            guard condition else { throw ProviderError(.invalidRequest, reason, setting: name) }
        }
        maximumTip = settings.number("max_tip_amount") ?? 0
        suggestedTips = settings.numbers("suggested_tip_amounts")
        let isAscending = zip(suggestedTips, suggestedTips.dropFirst()).allSatisfy { $0 < $1 }
        try check(
            isAscending && (suggestedTips.first ?? 1) > 0 && (suggestedTips.last ?? 0) <= maximumTip,
            "suggested_tip_amounts",
            "'suggested_tip_amounts' ascend from above zero to 'max_tip_amount'"
        )
        isFlexible = settings.flag("is_flexible")
        try check(
            !isFlexible || shipping.contains { $0.price.asset == due.asset },
            "is_flexible",
            "'is_flexible' needs ways of shipping, and this bot has none in \(currency)"
        )
        let disclosed = TelegramFiatProvider.disclosures.filter { settings.flag($0.name) }
        disclosures = disclosed.map(\.name)
        // Data that is passed on has to be asked for first.
        needs = TelegramFiatProvider.needs.filter { need in
            settings.flag(need) || disclosed.contains { $0.need == need }
        }
        providerData = settings.text("provider_data")
        photo = settings.text("photo_url").map { Photo(url: $0) }
        for name in ["photo_size", "photo_width", "photo_height"] {
            try check(settings.number(name) == nil || photo != nil, name, "'\(name)' needs a 'photo_url'")
        }
        photo?.size = settings.number("photo_size")
        photo?.width = settings.number("photo_width")
        photo?.height = settings.number("photo_height")
    }

    /// Refuses data for the payment provider with which nobody could pay.
    ///
    /// That is data that is not an object, and a receipt that is not in its published form or has another total than
    /// the payment.
    func checkReceipt(exponent: Int, due: Int64) throws(ProviderError) {
        func fault(_ reason: String) -> ProviderError {
            ProviderError(.invalidRequest, "'provider_data': \(reason)", setting: "provider_data")
        }
        guard let providerData else { return }
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(providerData.utf8)) } catch { throw fault("it is not JSON") }
        guard value.members != nil else { throw fault("it is a JSON object") }
        guard let object = value["receipt"] else { return }
        let receipt: FiscalReceipt
        do { receipt = try FiscalReceipt(object, currency: currency, exponent: exponent) } catch {
            throw fault(error.reason)
        }
        guard receipt.total == due else {
            throw fault(
                "the receipt's items add up to \(receipt.total) smallest units of \(currency), the payment is \(due)"
            )
        }
        guard maximumTip == 0, !isFlexible else {
            throw fault("a receipt's total is fixed, so that it goes together with neither tips nor shipping")
        }
    }
}
