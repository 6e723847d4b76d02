import Money
import Payments
import Records
import Seams
import Settlement
import StrictJSON
import TONConnect

/// The page of an invoice in one language.
struct CheckoutView {
    let facts: CheckoutFacts
    let merchant: String
    let returnURL: String?
    let assets: AssetRegistry
    let texts: Texts
    let now: Timestamp
    /// The rail by which the customer paid this merchant before.
    let usedRail: Rail?
    /// The rail that somebody chose in this browser before.
    let chosenRail: Rail?
    /// Whether the page runs inside Telegram.
    let isInTelegram: Bool
    /// Whether the invoice is for a customer who has not shown who they are.
    let isBound: Bool
    /// The wallets that may be asked to pay.
    var walletEntries: [WalletEntry] = []
    /// The name of a network, by the key of its provider; returns nil when there is nothing to choose.
    var network: (String) -> String? = { _ in nil }

    private var invoice: Invoice { facts.invoice.invoice }
    var stage: CheckoutStage { facts.stage(at: now) }

    /// The values for the template.
    func context() throws -> [String: Any] {
        let options = try offered()
        let receipt = try receipt()
        var context: [String: Any] = [
            "language": texts.language, "t": texts.groups, "version": CheckoutAssets.version,
            "invoice": invoice.id.text, "revision": facts.revision(at: now),
            "stage": isBound ? "bound" : stage.rawValue,
            "expires": "\(invoice.expiresAt.seconds)", "now": "\(now.seconds)", "merchant": merchant,
            "title": invoice.title, "description": invoice.summary, "hasAmount": true,
            "amount": try text(invoice.price), "lines": try lines(), "isRenewed": invoice.subscription != nil,
            "hasOptions": !options.isEmpty, "options": options,
            "hasReceipt": !receipt.isEmpty, "receipt": receipt, "hasReturn": returnURL != nil,
            "returnURL": returnURL ?? "", "returnStyle": stage.isOver ? "button" : "quiet", "languages": languages,
            "countdown": countdown,
            "hasCountdown": stage.isOpen,
        ]
        let values = try values()
        let key = isBound ? "bound" : stage.rawValue
        context["heading"] = texts.text("\(key).heading", values)
        context["hint"] = texts.text("\(key).hint", values)
        // A payment in another asset is always mentioned, whatever else the page says.
        let hasNotice = !isBound && !facts.wrong.isEmpty && stage != .wrongAsset && stage != .closedWrongAsset
        context["hasNotice"] = hasNotice
        context["notice"] = hasNotice ? texts.text("wrong_asset.notice", values) : ""
        if !isBound, let progress = facts.progress, stage == .confirming {
            context["progress"] = [
                "done": "\(min(progress.done, progress.required))", "required": "\(progress.required)",
                "label": texts.text("confirming.heading"),
            ]
        }
        return context
    }

    private func lines() throws -> [[String: String]] {
        try invoice.lines.map { ["label": $0.label, "amount": try text($0.amount)] }
    }

    private var languages: [[String: Any]] {
        Texts.all.map { other in
            [
                "code": other.language, "name": other.text("language.name"),
                "current": other.language == texts.language,
            ]
        }
    }

    /// The time that is left, for a page without script.
    private var countdown: String { Self.clock(max(0, invoice.expiresAt.seconds - now.seconds)) }

    /// Seconds as a clock shows them.
    private static func clock(_ left: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (left >= 3_600 ? "\(left / 3_600):" : "") + two(left / 60 % 60) + ":" + two(left % 60)
    }

    private func values() throws -> [String: String] {
        var values = [
            "received": try text(invoice.status.received), "missing": try text(invoice.status.remaining),
            "refunded": try facts.returned.map(text).joined(separator: ", "),
            "wrong": try facts.wrong.map { try text($0.amount) }.joined(separator: ", "),
        ]
        if let progress = facts.progress {
            values["amount"] = try text(progress.seen)
            values["done"] = "\(min(progress.done, progress.required))"
            values["required"] = "\(progress.required)"
        }
        return values
    }

    // MARK: - Ways to pay

    /// The ways to pay: first the rail that the customer used or chose before, then the nearest to where they are.
    private func offered() throws -> [[String: Any]] {
        guard stage.isOpen, !isBound else { return [] }
        let isPartlyPaid = invoice.status.received.isPositive
        let options = facts.invoice.options.filter { option in
            // A Telegram invoice is paid whole or not at all.
            if case .invoiceLink = option.instruction { return !isPartlyPaid }
            return true
        }
        let ordered = options.enumerated().sorted { left, right in
            let (one, other) = (rank(left.element), rank(right.element))
            return one == other ? left.offset < right.offset : one < other
        }
        return try ordered.enumerated().map { place, entry in
            try describe(entry.element, isFirst: place == 0, isPartlyPaid: isPartlyPaid)
        }
    }

    private func rank(_ option: PaymentOption) -> Int {
        if option.rail == usedRail ?? chosenRail { return 0 }
        if case .invoiceLink = option.instruction { return isInTelegram ? 1 : 3 }
        return 2
    }

    private func describe(_ option: PaymentOption, isFirst: Bool, isPartlyPaid: Bool) throws -> [String: Any] {
        let due = isPartlyPaid ? try option.cost(of: invoice.status.remaining) : option.due
        let asset = try asset(due)
        var description: [String: Any] = [
            "id": option.id.text, "rail": option.rail.rawValue, "open": isFirst,
            "name": name(of: option, asset),
            "usedBefore": option.rail == usedRail, "price": try text(due),
            "plainAmount": try asset.text(due), "ticker": asset.ticker(at: now),
        ]
        // Quotes are not renewed while a payment is on its way.
        if stage == .waiting || stage == .short || stage == .wrongAsset, let quote = option.quote,
            quote.validUntil < invoice.expiresAt
        {
            let left = max(0, quote.validUntil.seconds - now.seconds)
            description["quote"] = ["until": "\(quote.validUntil.seconds)", "left": Self.clock(left)]
        }
        switch option.instruction {
        case .invoiceLink(let url):
            description["isLink"] = true
            description["link"] = url
        case .deposit(let address, let comment, let link):
            description["isLink"] = false
            description["address"] = address
            let network = network(option.provider)
            description["hasNetwork"] = network != nil
            description["network"] = network ?? ""
            description["networkWarning"] = texts.text("label.network_warning", ["network": network ?? ""])
            description["hasComment"] = comment != nil
            description["comment"] = comment ?? ""
            // The link names the whole amount: the rest of a partial payment is sent by hand.
            description["hasLink"] = !isPartlyPaid
            description["link"] = link
            if let wallets = wallets(of: option) { description["wallets"] = wallets }
            // A customer whose wallet asks for the payment is not asked by the page at the same time.
            let session = walletSession(of: option)?.state
            description["isInWallet"] = session?.isOpen ?? false || session == .sent
        }
        return description
    }

    /// A way to pay in words: on a chain with its network, because the same asset and address exist on others.
    private func name(of option: PaymentOption, _ asset: Asset) -> String {
        let words = "\(texts.text("rail.\(option.rail.rawValue)")), \(asset.ticker(at: now))"
        guard case .deposit = option.instruction, let network = network(option.provider) else { return words }
        return "\(words) · \(network)"
    }

    // MARK: - Receipt

    private func receipt() throws -> [[String: String]] {
        guard !facts.standing.isEmpty, !isBound else { return [] }
        func line(_ label: String, _ value: String) -> [String: String] {
            ["label": texts.text("label.\(label)"), "value": value]
        }
        var lines = [line("invoice", invoice.reference ?? invoice.id.text)]
        for payment in facts.standing {
            lines.append(line("paid_amount", try text(payment.amount)))
            lines.append(line("paid_with", texts.text("rail.\(payment.rail.rawValue)")))
            lines.append(line("paid_at", Self.minute(payment.occurredAt)))
            if let proof = payment.railReference { lines.append(line("proof", proof)) }
        }
        for amount in facts.returned { lines.append(line("refunded", try text(amount))) }
        return lines
    }

    /// A moment to the minute, in UTC: the same for customer and merchant.
    private static func minute(_ moment: Timestamp) -> String {
        moment.description.prefix(16).replacing("T", with: " ") + " UTC"
    }

    // MARK: - Amounts

    private func text(_ amount: Amount) throws -> String {
        let asset = try asset(amount)
        return texts.amount(try asset.text(amount), asset.ticker(at: now))
    }

    private func asset(_ amount: Amount) throws -> Asset {
        guard let asset = assets.asset(amount.asset) else {
            throw SettlementError(.unknownAsset, "\(amount.asset) is not in the asset list")
        }
        return asset
    }
}
