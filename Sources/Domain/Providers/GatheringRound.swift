import Payments
import Seams

/// The steps that are under way at most, so that following them costs a bounded number of requests.
private let mostUnderWay = 200
/// The requests that are sent at once.
private let sentAtOnce = 8

extension FundGathering {
    /// Takes the next step for some accounts: follows what is under way, composes and stores what comes next, signs and
    /// stores what is not signed, and sends all of it.
    ///
    /// A crash between any two lines loses nothing: the same step is signed, and the same bytes are sent again, until the
    /// rail has taken the number.
    ///
    /// - Parameters:
    ///   - accounts: the accounts, of which those with a step under way wait.
    ///   - gate: the books.
    /// - Throws: ``ProviderError`` when nothing can be done now; with ``ProviderError/Code/held`` when a person has to
    ///   review the wallet that pays out first.
    /// - Returns: how far it came.
    package func gather(
        _ accounts: [HoldingAccount],
        through gate: any SigningGate
    ) async throws(ProviderError) -> GatheringOutcome {
        let permit = try await gate.permit(readWallet(nil, scannedTo: nil))
        let open = try await follow(gate.ownTransfers(), gate)
        let busy = Set(open.flatMap { [$0.wallet] + $0.movements.map(\.to) })
        let free = accounts.filter { !busy.contains(.option($0.option)) }.prefix(
            max(0, mostUnderWay - open.count)
        )
        let plan = free.isEmpty ? GatheringPlan() : try await plan(Array(free))
        var outcome = GatheringOutcome(empty: plan.empty, problems: plan.problems)
        var steps = open + (try await gate.store(plan.transfers, under: permit))
        do throws(ProviderError) { steps += try await topUp(plan.needs, gate) } catch {
            outcome.problems.append(error.reason)
        }
        let signed = await sign(steps.filter { $0.prepared == nil }, gate, &outcome)
        try await gate.keep(signed)
        outcome.sent = signed.count
        await send(steps.filter { $0.prepared != nil } + signed, &outcome)
        return outcome
    }

    /// Forgets steps whose numbers are taken, or that another step may replace.
    ///
    /// - Returns: the others.
    private func follow(
        _ transfers: [OwnTransfer],
        _ gate: any SigningGate
    ) async throws(ProviderError) -> [OwnTransfer] {
        guard !transfers.isEmpty else { return [] }
        let fates = try await fates(of: transfers)
        let over = zip(transfers, fates).filter { $1 != .waiting }.map(\.0)
        if !over.isEmpty { try await gate.forget(over) }
        return zip(transfers, fates).filter { $1 == .waiting }.map(\.0)
    }

    private func topUp(
        _ needs: [CoinNeed],
        _ gate: any SigningGate
    ) async throws(ProviderError) -> [OwnTransfer] {
        guard !needs.isEmpty, wallets.count > 1 else { return [] }
        let permit = try await gate.permit(readWallet(wallets[1], scannedTo: nil))
        return try await gate.store(topUps(needs, under: permit), under: permit)
    }

    /// Signs stored steps, each by the permit for its wallet; what cannot be signed now waits.
    private func sign(
        _ transfers: [OwnTransfer],
        _ gate: any SigningGate,
        _ outcome: inout GatheringOutcome
    ) async -> [OwnTransfer] {
        var signed: [OwnTransfer] = []
        let parts = Dictionary(grouping: transfers) { $0.wallet == .fees }
        for (isFees, part) in parts.sorted(by: { !$0.key && $1.key }) {
            do throws(ProviderError) {
                let wallet = isFees ? wallets.last : nil
                let permit = try await gate.permit(readWallet(wallet, scannedTo: nil))
                for transfer in part {
                    do throws(ProviderError) {
                        var complete = transfer
                        complete.prepared = try await prepare(transfer, under: permit)
                        signed.append(complete)
                    } catch { outcome.problems.append("\(transfer.account): \(error.reason)") }
                }
            } catch { outcome.problems.append(error.reason) }
        }
        return signed
    }

    private func send(_ transfers: [OwnTransfer], _ outcome: inout GatheringOutcome) async {
        let problems = await sideBySide(transfers, atOnce: sentAtOnce) { transfer -> String? in
            do throws(ProviderError) {
                try await self.broadcast(transfer)
                return nil
            } catch { return "\(transfer.account): \(error.reason)" }
        }
        outcome.problems += problems.compactMap { $0 }
    }
}
