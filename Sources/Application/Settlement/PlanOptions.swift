import Money
import Payments
import Providers
import Seams

/// A way to pay that can be opened at a provider.
struct PlannedOption {
    let provider: any PaymentProvider
    /// What the provider is asked to open.
    let request: OpenRequest
    let quote: Quote?
    /// The settings of the option: the rail's and our own.
    let settings: Labels

    /// The option, once it is open.
    func option(_ opened: OpenedOption) -> PaymentOption {
        PaymentOption(
            id: request.option,
            invoice: request.invoice.id,
            rail: provider.rail,
            provider: provider.key,
            due: request.due,
            price: request.invoice.price,
            quote: quote,
            instruction: opened.instruction,
            reference: opened.reference,
            settings: settings
        )
    }
}

/// The options to open, and the rails that cannot be opened.
struct OpeningPlan {
    var options: [PlannedOption] = []
    var refusals: [(rail: Rail, error: SettlementError)] = []

    var unavailable: [UnavailableRail] {
        refusals.map { UnavailableRail(rail: $0.rail, code: $0.error.code.rawValue, reason: $0.error.reason) }
    }

    /// The error when nothing can be opened; a refusal that may pass decides its code, so that the merchant asks again.
    var refusal: SettlementError {
        guard let first = refusals.first(where: { $0.error.code == .unavailable }) ?? refusals.first else {
            return SettlementError(.unavailable, "no way to pay could be opened")
        }
        guard refusals.count > 1 else { return first.error }
        let reasons = refusals.map { "\($0.rail.rawValue): \($0.error.reason)" }.joined(separator: "; ")
        return SettlementError(first.error.code, reasons, parameter: first.error.parameter)
    }
}

extension Settlement {
    /// Plans which options to open at which providers, without asking a rail.
    ///
    /// A fault of the request refuses all of it, whichever rails could be opened. A rail that is unavailable at the
    /// moment, or does not take the amount, refuses only that rail. A rail that the merchant did not name is offered if
    /// it can be.
    ///
    /// - Throws: ``SettlementError`` when the request is wrong, or no rail is left.
    func plan(_ request: InvoiceRequest, of invoice: Invoice, at now: Timestamp) throws -> OpeningPlan {
        let served = providers.providers(for: invoice.merchant)
        var plan = OpeningPlan()
        for (choice, place) in try choices(of: request, among: served, for: invoice.merchant) {
            do throws(SettlementError) {
                plan.options.append(try planned(choice, at: place, among: served, of: invoice, now))
            } catch {
                guard !error.isOfTheRequest || place == nil else { throw error }
                plan.refusals.append((choice.rail, error))
            }
        }
        guard !plan.options.isEmpty else { throw plan.refusal }
        return plan
    }

    /// The rails to offer, each with its place in the request when the merchant named it.
    private func choices(
        of request: InvoiceRequest,
        among served: [any PaymentProvider],
        for merchant: MerchantID
    ) throws -> [(choice: InvoiceRequest.Choice, place: Int?)] {
        guard request.choices.isEmpty else {
            for choice in request.choices {
                do throws(PaymentsError) { try policy.check(choice.rail, for: request.goods, in: request.place) } catch
                {
                    throw SettlementError(error)
                }
            }
            return request.choices.enumerated().map { ($0.element, $0.offset) }
        }
        let allowed = policy.rails(for: request.goods, in: request.place)
        let held = providers.heldRails(for: merchant)
        let offered = allowed.filter { rail in held.contains(rail) || served.contains { $0.rail == rail } }
        guard !offered.isEmpty else {
            let rails = allowed.map(\.rawValue).joined(separator: ", ")
            throw SettlementError(.unavailable, "no provider serves an allowed rail (\(rails))", parameter: "rails")
        }
        return offered.map { (InvoiceRequest.Choice(rail: $0), nil) }
    }

    /// One rail of a request, in the first asset in which it can be opened.
    private func planned(
        _ choice: InvoiceRequest.Choice,
        at place: Int?,
        among served: [any PaymentProvider],
        of invoice: Invoice,
        _ now: Timestamp
    ) throws(SettlementError) -> PlannedOption {
        let parameter = place.map { "rails[\($0)]" } ?? "rails"
        let candidates = served.filter { $0.rail == choice.rail }
        guard !candidates.isEmpty else {
            // A rail whose node or server has not answered since the start is held back until it does.
            let reason =
                providers.heldRails(for: invoice.merchant).contains(choice.rail)
                ? "the rail \(choice.rail.rawValue) cannot be reached at the moment; ask again in a minute, or without it"
                : "no provider serves the rail \(choice.rail.rawValue)"
            throw SettlementError(.unavailable, reason, parameter: parameter)
        }
        if let amount = choice.amount, !amount.isPositive {
            throw SettlementError(
                .invalidRequest,
                "the amount has to be more than zero",
                parameter: "\(parameter).amount"
            )
        }
        var failure = SettlementError(
            .unsupported,
            "the rail \(choice.rail.rawValue) does not take this asset here",
            parameter: "\(parameter).asset"
        )
        let wanted = choice.asset ?? choice.amount?.asset
        for provider in candidates {
            let taken = provider.capabilities.assets
            let assets =
                wanted.map { wanted in taken.filter { $0 == wanted } } ?? Self.preferring(invoice.price.asset, taken)
            for asset in assets {
                do {
                    return try planned(choice, at: provider, in: asset, of: invoice, now)
                } catch { failure = error.placed(at: parameter) }
            }
        }
        throw failure
    }

    private func planned(
        _ choice: InvoiceRequest.Choice,
        at provider: any PaymentProvider,
        in asset: AssetID,
        of invoice: Invoice,
        _ now: Timestamp
    ) throws(SettlementError) -> PlannedOption {
        try checkSettings(choice.settings, of: provider)
        var (due, quote) = (invoice.price, Quote?.none)
        if let amount = choice.amount {
            due = amount
        } else {
            (due, quote) = try self.due(for: invoice.price, in: asset, settings: choice.settings, now)
        }
        let request = OpenRequest(
            option: identifiers.next(),
            invoice: invoice,
            due: due,
            lines: quote == nil && due == invoice.price ? invoice.lines : [],
            settings: Self.railSettings(choice.settings)
        )
        do { try provider.check(request) } catch { throw SettlementError(opening: error) }
        return PlannedOption(provider: provider, request: request, quote: quote, settings: choice.settings)
    }

    /// The amount due in an asset for a price, at the current rate.
    func due(
        for price: Amount,
        in asset: AssetID,
        settings: Labels,
        _ now: Timestamp
    ) throws(SettlementError) -> (Amount, Quote?) {
        guard asset != price.asset else { return (price, nil) }
        let quote = try quote(price.asset, in: asset, settings: settings, at: now)
        let (from, to) = (try self.asset(price.asset), try self.asset(asset))
        do {
            // Rounded up to what the rail can carry: the merchant never gets less than the price.
            let exact = try quote.rate.convert(price, from: from, to: to, rounding: .awayFromZero)
            return (try to.roundedToWire(exact, rounding: .awayFromZero), quote)
        } catch { throw SettlementError(.invalidRequest, error.reason, parameter: "amount") }
    }

    private static func preferring(_ asset: AssetID, _ served: [AssetID]) -> [AssetID] {
        served.contains(asset) ? [asset] : served
    }

    // MARK: - Settings

    /// The settings that are passed to the rail.
    static func railSettings(_ settings: Labels) -> Labels {
        settings.without(StarPrices.setting)
    }

    /// Refuses settings that the rail does not list, or whose value has the wrong form.
    private func checkSettings(_ settings: Labels, of provider: any PaymentProvider) throws(SettlementError) {
        var allowed = provider.capabilities.settings
        if stars != nil, provider.capabilities.assets.contains(.stars) {
            allowed.append(RailSetting(StarPrices.setting, .word(StarPrices.Basis.allCases.map(\.rawValue))))
        }
        do { _ = try RailSettings(settings, allowed: allowed) } catch { throw SettlementError(opening: error) }
    }
}

extension SettlementError {
    /// Whether the request is wrong, so that the same request cannot succeed later.
    ///
    /// An amount that a rail does not take is not a fault of the request: limits change, and other rails may take it.
    fileprivate var isOfTheRequest: Bool {
        switch code {
        case .noRate, .unavailable: false
        case .invalidRequest: parameter != nil
        default: true
        }
    }

    /// A provider's refusal to open something; a setting that is wrong is named as the parameter `settings.…`.
    fileprivate init(opening error: ProviderError) {
        let refusal = Self(error)
        self.init(
            refusal.code,
            refusal.reason,
            parameter: error.setting.map { "settings.\($0.prefix(40))" } ?? refusal.parameter
        )
    }

    /// The same with the place of its rail in the request.
    fileprivate func placed(at place: String) -> Self {
        guard let parameter, parameter.hasPrefix("settings") else { return self }
        return Self(code, reason, parameter: "\(place).\(parameter)")
    }
}
