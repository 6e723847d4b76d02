package import StrictJSON

/// The parameters of `createInvoiceLink`, checked by Telegram's rules before they are sent.
package struct InvoiceLink: Hashable, Sendable {
    /// The currency of Stars.
    package static let stars = "XTR"

    /// One line of the price.
    package struct Price: Hashable, Sendable {
        /// The label of the line.
        package let label: String
        /// How much, in the currency's smallest units.
        package let amount: Int64

        /// A line of the price.
        package init(label: String, amount: Int64) {
            self.label = label
            self.amount = amount
        }
    }

    /// A picture of what is sold.
    package struct Photo: Hashable, Sendable {
        /// Where it is.
        package var url: String
        /// Its size in bytes.
        package var size: Int64?
        /// Its width in pixels.
        package var width: Int64?
        /// Its height in pixels.
        package var height: Int64?

        /// A picture.
        package init(url: String, size: Int64? = nil, width: Int64? = nil, height: Int64? = nil) {
            self.url = url
            self.size = size
            self.width = width
            self.height = height
        }
    }

    /// The name of what is sold, 1 to 32 characters.
    package var title: String
    /// More about it, 1 to 255 characters.
    package var summary: String
    /// The reference that ties a payment to the order, 1 to 128 bytes; the customer does not see it.
    package var payload: String
    /// The currency: three letters, or `XTR`.
    package var currency: String
    /// The lines of the price.
    package var prices: [Price]
    /// The payment provider token; empty for Stars.
    package var providerToken: String
    /// The most that may be tipped, in smallest units.
    package var maximumTip: Int64 = 0
    /// Tips to choose from: at most four, ascending.
    package var suggestedTips: [Int64] = []
    /// Whether the price depends on the way of shipping.
    package var isFlexible = false
    /// The data that the customer has to give: `need_name`, `need_email`, `need_phone_number`, `need_shipping_address`.
    package var needs: [String] = []
    /// The data that is passed to the payment provider: `send_email_to_provider`, `send_phone_number_to_provider`.
    package var disclosures: [String] = []
    /// JSON for the payment provider, for example a fiscal receipt.
    package var providerData: String?
    /// A picture of what is sold.
    package var photo: Photo?
    /// The length of a subscription's period, in seconds; nil for a single payment.
    package var subscriptionPeriod: Int64?

    /// The only length of a period (Bot API, `createInvoiceLink`): 30 days.
    package static let onlySubscriptionPeriod: Int64 = 2_592_000
    /// The most Stars that a period may cost.
    package static let subscriptionLimit: Int64 = 10_000

    /// An invoice link.
    package init(
        title: String,
        summary: String,
        payload: String,
        currency: String,
        prices: [Price],
        providerToken: String
    ) {
        self.title = title
        self.summary = summary
        self.payload = payload
        self.currency = currency
        self.prices = prices
        self.providerToken = providerToken
    }

    private static let knownNeeds = ["need_name", "need_email", "need_phone_number", "need_shipping_address"]
    private static let knownDisclosures = ["send_email_to_provider", "send_phone_number_to_provider"]

    /// The parameters of the call.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/refused``: Telegram would refuse it too.
    package func parameters() throws(TelegramError) -> JSONValue {
        try validate()
        var members: [JSONValue.Member] = [
            .init("title", .string(title)), .init("description", .string(summary)), .init("payload", .string(payload)),
            .init("provider_token", .string(providerToken)), .init("currency", .string(currency)),
            .init(
                "prices",
                .array(prices.map { ["label": .string($0.label), "amount": .integer($0.amount)] })
            ),
        ]
        if maximumTip > 0 {
            members.append(.init("max_tip_amount", .integer(maximumTip)))
            members.append(.init("suggested_tip_amounts", .array(suggestedTips.map(JSONValue.integer))))
        }
        if let subscriptionPeriod { members.append(.init("subscription_period", .integer(subscriptionPeriod))) }
        if isFlexible { members.append(.init("is_flexible", .bool(true))) }
        for flag in needs + disclosures { members.append(.init(flag, .bool(true))) }
        if let providerData { members.append(.init("provider_data", .string(providerData))) }
        if let photo {
            members.append(.init("photo_url", .string(photo.url)))
            for (name, value) in [
                ("photo_size", photo.size), ("photo_width", photo.width), ("photo_height", photo.height),
            ] {
                if let value { members.append(.init(name, .integer(value))) }
            }
        }
        return .object(members)
    }

    private func validate() throws(TelegramError) {
        func check(_ condition: Bool, _ reason: String) throws(TelegramError) {
            guard condition else { throw TelegramError(.refused, reason) }
        }
        try check((1...32).contains(title.count), "title has 1 to 32 characters")
        try check((1...255).contains(summary.count), "description has 1 to 255 characters")
        try check((1...128).contains(payload.utf8.count), "payload has 1 to 128 bytes")
        try check(!prices.isEmpty && prices.allSatisfy { !$0.label.isEmpty }, "prices have labels, and there is one")
        try check(needs.allSatisfy(Self.knownNeeds.contains), "only \(Self.knownNeeds) can be asked for")
        try check(disclosures.allSatisfy(Self.knownDisclosures.contains), "only \(Self.knownDisclosures) are passed on")
        var (total, isTooMuch) = (Int64(0), false)
        for price in prices where !isTooMuch {
            (total, isTooMuch) = total.addingReportingOverflow(price.amount)
        }
        try check(!isTooMuch && total > 0, "the lines of a price add up to more than zero")
        if currency == Self.stars {
            try check(providerToken.isEmpty, "Stars take no provider token")
            try check(prices.count == 1 && prices[0].amount > 0, "Stars take exactly one price above zero")
            try check(
                subscriptionPeriod == nil
                    || subscriptionPeriod == Self.onlySubscriptionPeriod && prices[0].amount <= Self.subscriptionLimit,
                "a subscription's period is 30 days and costs at most 10000 Stars"
            )
            try check(
                maximumTip == 0 && !isFlexible && needs.isEmpty && disclosures.isEmpty && providerData == nil,
                "Stars take neither tips nor shipping, and have no payment provider"
            )
        } else {
            try check(subscriptionPeriod == nil, "only Stars pay subscriptions")
            try check(!providerToken.isEmpty, "fiat money needs a payment provider token")
            try check(suggestedTips.count <= 4, "at most four tips can be suggested")
            let isAscending = zip(suggestedTips, suggestedTips.dropFirst()).allSatisfy { $0 < $1 }
            try check(
                isAscending && (suggestedTips.first ?? 1) > 0 && (suggestedTips.last ?? 0) <= maximumTip,
                "suggested tips ascend from above zero to the maximum"
            )
        }
    }
}
