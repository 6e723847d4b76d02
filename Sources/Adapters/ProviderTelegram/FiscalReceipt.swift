import StrictJSON

/// The receipt that YooKassa registers with the tax service for a payment (`receipt` in its `provider_data`).
///
/// Its form is that of YooKassa's API (`receipt` of a payment; yookassa.ru/developers/api, read in November 2026). The
/// words and codes are those of yookassa.ru/developers/payment-acceptance/receipts/54fz/yoomoney/parameters-values and
/// of …/54fz/other-services/parameters-values. It is not known here which of the two lists applies to a shop, so that
/// values from either are accepted.
///
/// With a receipt that YooKassa refuses, nobody can pay: the customer gets an error after entering the card. So the
/// receipt is checked before the option is opened.
struct FiscalReceipt {
    /// The fault in a receipt, for the merchant.
    struct Fault: Error {
        let reason: String
    }

    /// The most items of an online cash register; YooKassa's own receipts have at most 80.
    private static let maximumItems = 100
    private static let modes: Set<String> = [
        "full_prepayment", "partial_prepayment", "advance", "full_payment", "partial_payment", "credit",
        "credit_payment",
    ]
    private static let subjects: Set<String> = [
        "commodity", "excise", "job", "service", "gambling_bet", "gambling_prize", "lottery", "lottery_prize",
        "intellectual_activity", "payment", "agent_commission", "property_right", "non_operating_gain",
        "insurance_premium", "sales_tax", "resort_fee", "composite", "another", "marked", "non_marked",
        "marked_excise", "non_marked_excise", "fine", "tax", "lien", "cost", "agent_withdrawals",
        "pension_insurance_without_payouts", "pension_insurance_with_payouts", "health_insurance_without_payouts",
        "health_insurance_with_payouts", "health_insurance", "casino",
    ]
    private static let measures: Set<String> = [
        "piece", "gram", "kilogram", "ton", "centimeter", "decimeter", "meter", "square_centimeter", "square_decimeter",
        "square_meter", "milliliter", "liter", "cubic_meter", "kilowatt_hour", "gigacalorie", "day", "hour", "minute",
        "second", "kilobyte", "megabyte", "gigabyte", "terabyte", "another",
    ]
    /// The largest quantity of one item, in thousandths: 99999.999.
    private static let maximumQuantity: Int64 = 99_999_999
    /// Rates of value-added tax: without (1), 0, 10 and 20 % (2 to 4), calculated 10/110 and 20/120 (5, 6), 5 and 7 %
    /// with their calculated ones since 2025 (7 to 10), 22 % and 22/122 since 2026 (11, 12).
    private static let taxCodes: ClosedRange<Int64> = 1...12
    private static let taxSystems: ClosedRange<Int64> = 1...6

    /// The total of all items, in the currency's smallest units.
    let total: Int64

    /// Reads a receipt.
    ///
    /// - Parameters:
    ///   - value: the object.
    ///   - currency: the payment's currency.
    ///   - exponent: how many fraction digits the currency has.
    /// - Throws: ``Fault``.
    init(_ value: JSONValue, currency: String, exponent: Int) throws(Fault) {
        guard value.members != nil else { throw Fault(reason: "receipt is an object") }
        guard let items = value["items"]?.arrayValue, (1...Self.maximumItems).contains(items.count) else {
            throw Fault(reason: "receipt.items has 1 to \(Self.maximumItems) items")
        }
        if let system = value["tax_system_code"] {
            guard let code = system.integerValue, Self.taxSystems.contains(code) else {
                throw Fault(reason: "receipt.tax_system_code is a whole number from 1 to 6")
            }
        }
        var total: Int64 = 0
        for (index, item) in items.enumerated() {
            let cost = try Self.cost(of: item, at: "receipt.items[\(index)]", currency, exponent)
            let (sum, isTooMuch) = total.addingReportingOverflow(cost)
            guard !isTooMuch else { throw Fault(reason: "the receipt's items cost too much") }
            total = sum
        }
        self.total = total
    }

    /// The cost of one item: its price times its quantity, rounded to the smallest unit.
    private static func cost(
        of item: JSONValue,
        at place: String,
        _ currency: String,
        _ exponent: Int
    ) throws(Fault) -> Int64 {
        guard let text = item["description"]?.stringValue, (1...128).contains(text.unicodeScalars.count) else {
            throw Fault(reason: "\(place).description has 1 to 128 characters")
        }
        guard let tax = item["vat_code"]?.integerValue, taxCodes.contains(tax) else {
            throw Fault(reason: "\(place).vat_code is a whole number from 1 to \(taxCodes.upperBound)")
        }
        if let mode = item["payment_mode"] {
            guard let word = mode.stringValue, modes.contains(word) else {
                throw Fault(reason: "\(place).payment_mode is one of \(modes.sorted().joined(separator: ", "))")
            }
        }
        if let subject = item["payment_subject"] {
            guard let word = subject.stringValue, subjects.contains(word) else {
                throw Fault(reason: "\(place).payment_subject is one of \(subjects.sorted().joined(separator: ", "))")
            }
        }
        if let measure = item["measure"] {
            guard let word = measure.stringValue, measures.contains(word) else {
                throw Fault(reason: "\(place).measure is one of \(measures.sorted().joined(separator: ", "))")
            }
        }
        guard item["amount"]?["currency"]?.stringValue == currency else {
            throw Fault(reason: "\(place).amount.currency is \(currency), as the payment's")
        }
        // A discount is a line of its own in Telegram's invoice, but a receipt has no such line.
        guard item["amount"]?["value"]?.stringValue?.hasPrefix("-") != true else {
            throw Fault(reason: "\(place).amount.value is below zero: take the discount off the prices of the items")
        }
        guard let price = item["amount"]?["value"]?.stringValue, let units = digits(price, fraction: exponent) else {
            throw Fault(reason: "\(place).amount.value is a decimal string in major units, for example \"12.50\"")
        }
        guard let quantity = item["quantity"].flatMap({ Self.text($0) }),
            let thousandths = digits(quantity, fraction: 3),
            thousandths > 0, thousandths <= Self.maximumQuantity
        else {
            throw Fault(
                reason:
                    "\(place).quantity is above zero and at most 99999.999, with up to three digits behind the point"
            )
        }
        let (product, isTooMuch) = units.multipliedReportingOverflow(by: thousandths)
        guard !isTooMuch, product <= Int64.max - 500 else { throw Fault(reason: "\(place) costs too much") }
        return (product + 500) / 1_000
    }

    /// A quantity is written as a number or as a string.
    private static func text(_ value: JSONValue) -> String? {
        if case .number(let text) = value { text } else { value.stringValue }
    }

    /// A decimal text in units of its last fraction digit; the text has only digits and at most one point.
    private static func digits(_ text: String, fraction: Int) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard isPlain, let whole = parts.first else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        // Further digits have to be zeros.
        guard decimals.dropFirst(fraction).allSatisfy({ $0 == "0" }) else { return nil }
        let kept = decimals.prefix(fraction)
        return Int64(whole + kept + String(repeating: "0", count: fraction - kept.count))
    }
}
