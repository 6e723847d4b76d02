package import Money
import Payments
import Providers
package import Seams
import StrictJSON
package import TelegramBot

/// A bot, shared by its providers: its calls, its key, and the reading of its updates.
package struct TelegramChannel: Sendable {
    /// The bot's key: part of the providers' keys and of the inbox's name.
    package let key: String
    let client: BotClient
    let mapping: TelegramMapping
    let clock: any WallClock

    /// A bot.
    ///
    /// - Parameters:
    ///   - key: the bot's key, which must never change.
    ///   - client: the client for its calls.
    ///   - assets: the known assets.
    ///   - isTestEnvironment: whether the bot lives in Telegram's test environment.
    ///   - clock: the clock.
    package init(
        key: String,
        client: BotClient,
        assets: AssetRegistry,
        isTestEnvironment: Bool,
        clock: any WallClock
    ) {
        self.key = key
        self.client = client
        self.clock = clock
        mapping = TelegramMapping(assets: assets, isTestEnvironment: isTestEnvironment)
    }

    /// The inbox that stores the bot's updates.
    package var source: String { "telegram:\(key)" }

    /// The name of one of the bot's accounts; it has the bot's number, because key and token may change.
    func account(of kind: String) -> String {
        let place = mapping.isTestEnvironment ? "test" : "live"
        return "telegram:\(place):\(client.number.map { "\($0)" } ?? "none, \(key)"):\(kind)"
    }

    /// The key of the provider by which a bot accepts Stars.
    static func starsProvider(of bot: String) -> String { "\(bot)-stars" }
    /// The key of the provider by which a bot accepts fiat money.
    static func fiatProvider(of bot: String) -> String { "\(bot)-fiat" }
    /// The keys of all providers by which a bot may accept, or may have accepted, money.
    package static func providers(of bot: String) -> [String] { [starsProvider(of: bot), fiatProvider(of: bot)] }

    /// Reads an update for the payments in some currencies.
    func interpret(_ bytes: [UInt8], where serves: (String) -> Bool) throws(ProviderError) -> [PushedMessage] {
        let update: Update
        do { update = try Update(parsing: bytes) } catch { throw ProviderError(error) }
        switch update.content {
        case .preCheckout(let query) where serves(query.currency):
            let amount = try mapping.amount(query.totalAmount, currency: query.currency)
            return [
                .question(
                    ApprovalRequest(
                        id: query.id,
                        reference: TelegramMapping.reference(query.payload),
                        payer: String(query.user),
                        topic: .payment(amount: amount),
                        shippingOption: query.shippingOption
                    )
                )
            ]
        // Only orders in fiat money are shipped.
        case .shipping(let query) where !serves(InvoiceLink.stars):
            return [
                .question(
                    ApprovalRequest(
                        id: query.id,
                        reference: TelegramMapping.reference(query.payload),
                        payer: String(query.user),
                        topic: .shipping(address: query.address.text)
                    )
                )
            ]
        case .paid(let payment) where serves(payment.currency):
            return [.observation(try mapping.observation(payment))]
        case .refunded(let refund) where serves(refund.currency):
            return [.observation(try mapping.observation(refund))]
        case .subscription(let change) where serves(InvoiceLink.stars):
            return TelegramMapping.event(change).map { [.subscription(TelegramMapping.reference(change.payload), $0)] }
                ?? []
        default: return []
        }
    }

    func answer(
        _ question: ApprovalRequest,
        with decision: ApprovalDecision
    ) async throws(ProviderError) {
        let (method, name): (String, String) =
            switch question.topic {
            case .payment: ("answerPreCheckoutQuery", "pre_checkout_query_id")
            case .shipping: ("answerShippingQuery", "shipping_query_id")
            }
        var members = [JSONValue.Member(name, .string(question.id))]
        switch decision {
        case .approved: members.append(.init("ok", .bool(true)))
        case .shipping(let options):
            members += [.init("ok", .bool(true)), .init("shipping_options", try json(options))]
        case .refused(let message):
            members += [.init("ok", .bool(false)), .init("error_message", .string(message))]
        }
        do { try await client.call(method, .object(members)) } catch { throw ProviderError(error) }
    }

    private func json(_ options: [ShippingOption]) throws(ProviderError) -> JSONValue {
        var values: [JSONValue] = []
        for option in options {
            let units = try mapping.wireUnits(option.price)
            values.append([
                "id": .string(option.id),
                "title": .string(option.title),
                "prices": [["label": .string(option.title), "amount": .integer(units)]],
            ])
        }
        return .array(values)
    }

    /// Checks a link by Telegram's rules.
    func check(_ link: InvoiceLink) throws(ProviderError) {
        do { _ = try link.parameters() } catch { throw ProviderError(.invalidRequest, error.reason) }
    }

    /// Opens an invoice link.
    func open(_ link: InvoiceLink) async throws(ProviderError) -> OpenedOption {
        do throws(TelegramError) {
            let result = try await client.call("createInvoiceLink", link.parameters())
            guard let url = result.stringValue else { throw TelegramError(.malformed, "the link is not a string") }
            return OpenedOption(
                instruction: .invoiceLink(url: url),
                reference: TelegramMapping.reference(link.payload)
            )
        } catch { throw ProviderError(error) }
    }

    /// The link for an option; the payload is the option's identifier, which nobody can guess.
    func link(_ request: OpenRequest, currency: String, providerToken: String) throws(ProviderError) -> InvoiceLink {
        let lines =
            request.lines.isEmpty
            ? [InvoiceLine(label: request.invoice.title, amount: request.due)] : request.lines
        var prices: [InvoiceLink.Price] = []
        for line in lines {
            prices.append(InvoiceLink.Price(label: line.label, amount: try mapping.wireUnits(line.amount)))
        }
        return InvoiceLink(
            title: request.invoice.title,
            summary: request.invoice.summary,
            payload: request.option.text,
            currency: currency,
            prices: prices,
            providerToken: providerToken
        )
    }
}
