import BigInt
import Ledger
import Money
import Payments
import Providers
import Settlement
import Storage

/// The database's side of the report, for every provider at one moment.
struct Books {
    let receivables: [(account: AccountID, amount: Amount)]
    let onTheirWay: [OutgoingTransfer]
    /// The sums of what is set aside: the rails have it and the ledger does not.
    let setAside: [SetAsideSum]
    let watermarks: [ReconciliationReport.Watermark]

    init(
        receivables: [(account: AccountID, amount: Amount)],
        onTheirWay: [OutgoingTransfer],
        _ session: any SQLSession
    ) throws {
        self.receivables = receivables
        self.onTheirWay = onTheirWay
        setAside = try session.setAsideSums()
        watermarks = try session.scanStates(provider: nil).map { state in
            ReconciliationReport.Watermark(
                provider: state.provider,
                account: state.account,
                subject: state.subject,
                completeUntil: state.completeUntil,
                problem: state.problem
            )
        }
    }

    func lines(
        of provider: any PaymentProvider,
        _ statement: Result<ProviderStatement, ProviderError>?
    ) throws -> [ReconciliationReport.Line] {
        let booked = receivables.filter { $0.account.scope == provider.key }.map(\.amount)
        switch statement {
        case .success(let statement):
            let assets = Set(booked.map(\.asset)).union(statement.balances.map(\.asset))
                .union(statement.beyondAmounts.keys).union(statement.untold).sorted()
            return assets.map { asset in
                let ledger = booked.first { $0.asset == asset } ?? .zero(asset)
                if let units = statement.beyondAmounts[asset] {
                    return beyondLine(of: provider.key, ledger: ledger, units: units)
                }
                if statement.untold.contains(asset) {
                    return silentLine(of: provider.key, ledger, "the token's contract does not tell what accounts hold")
                }
                let stated = statement.balances.first { $0.asset == asset } ?? .zero(asset)
                return line(of: provider, ledger: ledger, stated: stated, source: statement.source)
            }
        case .failure(let error):
            // Its balance is not known: something may have come in an asset without an entry in the books.
            let reason = "the provider did not answer: \(error.reason)"
            return Set(booked.map(\.asset)).union(provider.capabilities.assets).sorted().map { asset in
                silentLine(of: provider.key, booked.first { $0.asset == asset } ?? .zero(asset), reason)
            }
        case nil:
            let reason = "the rail states no balance; compare with the payment provider's own statement"
            return booked.map { silentLine(of: provider.key, $0, reason, isExplained: true) }
        }
    }

    /// A line for a balance that is too large for an amount: only what is set aside can explain it.
    private func beyondLine(of provider: String, ledger: Amount, units: String) -> ReconciliationReport.Line {
        let aside = explanation(of: ledger.asset, at: provider)
        let stated = "the rail states \(units) smallest units, which is more than an amount"
        let isExplained = BigInt(units).map { $0 - BigInt(ledger.units) == aside.units } ?? false
        let reason = ([stated] + aside.reasons).joined(separator: "; ")
        return silentLine(of: provider, ledger, reason, isExplained: isExplained)
    }

    /// The sum that is set aside of an asset, with reasons that also name set-aside cases of unknown assets.
    private func explanation(of asset: AssetID, at provider: String) -> (units: BigInt, reasons: [String]) {
        let found = setAside.filter { $0.name.provider == provider && [asset, nil].contains($0.name.asset) }
        let own = found.first { $0.name.asset == asset }
        var reasons: [String] = []
        if let own, own.known > 0 { reasons.append("set aside, each with a case: \(own.units) smallest units") }
        let unknown =
            (own?.unknown ?? 0) + found.filter { $0.name.asset == nil }.reduce(0) { $0 + $1.known + $1.unknown }
        if unknown > 0 { reasons.append("set aside, with unknown amounts: see \(unknown) cases") }
        return (own?.units ?? 0, reasons)
    }

    /// The lines of providers that the configuration does not name: they are not asked, so that nothing explains their
    /// money.
    func lines(of forgotten: [String: [Amount]]) -> [ReconciliationReport.Line] {
        forgotten.sorted { $0.key < $1.key }.flatMap { provider, amounts in
            amounts.map { silentLine(of: provider, $0, "the provider is not in the configuration; put it back") }
        }
    }

    /// The lines of bots that are stored and cannot be used: their balances are not known.
    func lines(ofUnused bots: [String: String]) -> [ReconciliationReport.Line] {
        bots.sorted { $0.key < $1.key }.map { key, name in
            silentLine(of: key, .zero(.stars), "the bot @\(name) is stored and cannot be used: it was not asked")
        }
    }

    private func silentLine(
        of provider: String,
        _ ledger: Amount,
        _ reason: String,
        isExplained: Bool = false
    ) -> ReconciliationReport.Line {
        ReconciliationReport.Line(
            provider: provider,
            ledger: ledger,
            stated: nil,
            difference: nil,
            reasons: [reason],
            isExplained: isExplained
        )
    }

    /// How much transfers under way at a provider take of an asset when they have left, with their identifiers.
    private func shares(
        of asset: AssetID,
        at provider: any PaymentProvider
    ) -> (ids: [String], shares: [TransfersOnTheirWay.Share]) {
        var (ids, shares): ([String], [TransfersOnTheirWay.Share]) = ([], [])
        for transfer in onTheirWay where transfer.provider == provider.key {
            let charge = transfer.prepared.flatMap {
                provider.send?.mostCharged(for: $0, of: transfer.amount.asset)
            }
            let amount = transfer.amount.asset == asset ? BigInt(transfer.amount.units) : 0
            let most = charge?.asset == asset ? charge.map { BigInt($0.units) } ?? 0 : 0
            guard amount > 0 || most > 0 else { continue }
            ids.append(transfer.purpose.id)
            shares.append(.init(amount: amount, charge: most))
        }
        return (ids, shares)
    }

    private func line(
        of provider: any PaymentProvider,
        ledger: Amount,
        stated: Amount,
        source: String
    ) -> ReconciliationReport.Line {
        let difference = BigInt(stated.units) - BigInt(ledger.units)
        let aside = explanation(of: ledger.asset, at: provider.key)
        // A difference that fits no amount is unexplained; the report goes on.
        let rest = AmountSum(of: ledger.asset, units: difference - aside.units).amount
        var reasons = aside.reasons
        var explained = rest?.isZero ?? false
        if let rest, !rest.isZero {
            let (ids, shares) = self.shares(of: rest.asset, at: provider)
            if !ids.isEmpty {
                explained = TransfersOnTheirWay(shares: shares).explain(missing: -BigInt(rest.units))
                let sentence =
                    explained
                    ? "transfers on their way, not booked until their fate is known"
                    : "unexplained: transfers on their way do not add up to the difference"
                reasons.append("\(sentence): \(ids.joined(separator: ", "))")
            }
            for mark in watermarks where mark.provider == provider.key && mark.problem != nil {
                reasons.append("the history of \(mark.account) is not known to its end: \(mark.problem ?? "")")
            }
            if reasons.isEmpty { reasons.append("unexplained: \(source) and the ledger differ") }
        }
        return ReconciliationReport.Line(
            provider: provider.key,
            ledger: ledger,
            stated: stated,
            difference: AmountSum(of: ledger.asset, units: difference).amount,
            reasons: reasons,
            isExplained: explained
        )
    }
}
