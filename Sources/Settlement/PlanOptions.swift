import Money
import Payments
import Providers
import Seams

/// A way to pay that can be opened at a provider.
struct PlannedOption {
    let provider: any PaymentProvider
    let due: Amount
    let quote: Quote?
    let settings: [String: String]

    /// The settings that are the rail's own.
    var railSettings: [String: String] {
        due.asset == .stars ? settings.filter { $0.key != StarPrices.setting } : settings
    }
}

extension Settlement {
    /// What to open where.
    ///
    /// What the merchant named has to be possible; what it did not name is offered if it is.
    func plan(_ request: InvoiceRequest, for merchant: MerchantID, at now: Timestamp) throws -> [PlannedOption] {
        let served = providers.providers(for: merchant)
        guard request.choices.isEmpty else {
            return try request.choices.map { choice in
                do throws(PaymentsError) { try policy.check(choice.rail, for: request.goods, in: request.place) } catch
                {
                    throw SettlementError(error)
                }
                try refuseHeld(choice.rail, served, for: merchant)
                return try plan(choice, among: served, for: request.price, at: now)
            }
        }
        let allowed = policy.rails(for: request.goods, in: request.place)
        let planned = allowed.compactMap { try? plan(.init(rail: $0), among: served, for: request.price, at: now) }
        guard !planned.isEmpty else {
            for rail in allowed { try refuseHeld(rail, served, for: merchant) }
            let rails = allowed.map(\.rawValue).joined(separator: ", ")
            throw SettlementError(.noRate, "no allowed rail (\(rails)) can be offered for \(request.price.asset)")
        }
        return planned
    }

    /// Refuses a rail whose node or server does not answer since the start, and says which one it is.
    private func refuseHeld(
        _ rail: Rail,
        _ served: [any PaymentProvider],
        for merchant: MerchantID
    ) throws(SettlementError) {
        guard !served.contains(where: { $0.rail == rail }), providers.heldRails(for: merchant).contains(rail) else {
            return
        }
        let name = rail.rawValue
        throw SettlementError(
            .unavailable,
            "the rail \(name) cannot be reached at the moment; ask again in a minute, or without it",
            parameter: "rails"
        )
    }

    private func plan(
        _ choice: InvoiceRequest.Choice,
        among served: [any PaymentProvider],
        for price: Amount,
        at now: Timestamp
    ) throws -> PlannedOption {
        let candidates = served.filter { $0.rail == choice.rail }
        guard !candidates.isEmpty else {
            throw SettlementError(
                .unavailable,
                "no provider serves the rail \(choice.rail.rawValue)",
                parameter: "rails"
            )
        }
        var failure = SettlementError(.unsupported, "no provider takes the asset", parameter: "rails")
        let wanted = choice.asset ?? choice.amount?.asset
        for provider in candidates {
            let served = provider.capabilities.assets
            let assets = wanted.map { wanted in served.filter { $0 == wanted } } ?? Self.preferring(price.asset, served)
            for asset in assets {
                do { return try plan(choice, at: provider, in: asset, for: price, now) } catch { failure = error }
            }
        }
        throw failure
    }

    private func plan(
        _ choice: InvoiceRequest.Choice,
        at provider: any PaymentProvider,
        in asset: AssetID,
        for price: Amount,
        _ now: Timestamp
    ) throws(SettlementError) -> PlannedOption {
        if let amount = choice.amount {
            return PlannedOption(provider: provider, due: amount, quote: nil, settings: choice.settings)
        }
        return try planned(at: provider, in: asset, for: price, settings: choice.settings, now)
    }

    /// What is due in an asset for a price, at the rate of now.
    func planned(
        at provider: any PaymentProvider,
        in asset: AssetID,
        for price: Amount,
        settings: [String: String],
        _ now: Timestamp
    ) throws(SettlementError) -> PlannedOption {
        guard asset != price.asset else {
            return PlannedOption(provider: provider, due: price, quote: nil, settings: settings)
        }
        let quote = try quote(price.asset, in: asset, settings: settings, at: now)
        let (from, to) = (try self.asset(price.asset), try self.asset(asset))
        do {
            // Rounded up to what the rail can carry: the merchant never gets less than the price.
            let exact = try quote.rate.convert(price, from: from, to: to, rounding: .awayFromZero)
            let due = try to.roundedToWire(exact, rounding: .awayFromZero)
            return PlannedOption(provider: provider, due: due, quote: quote, settings: settings)
        } catch { throw SettlementError(.invalidRequest, error.reason, parameter: "amount") }
    }

    private static func preferring(_ asset: AssetID, _ served: [AssetID]) -> [AssetID] {
        served.contains(asset) ? [asset] : served
    }
}
