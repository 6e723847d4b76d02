import Cryptography
import Money
import Payments
package import Providers
import Seams
import TON

/// Gathers payments on wallets of single options into the wallet that pays out.
///
/// Jettons go first. A wallet needs coins for that, which the wallet for fees gives. Then all coins go, by a message
/// that carries the whole balance. A request that is signed again before the earlier one was taken has the same number,
/// so that only one of them takes effect. The money stays ours in any case.
extension TONProvider: FundGathering {
    /// The fewest coins that are worth moving, in nanotons.
    private static let coinMinimum: UInt128 = 50_000_000
    /// A wallet's fee for a request, in addition to the coins that the jettons carry, in nanotons.
    private static let requestFee: UInt128 = 30_000_000

    /// Takes the next step for some wallets.
    ///
    /// - Throws: `ProviderError` when nothing can be done now.
    package func gather(
        _ accounts: [HoldingAccount],
        through gate: any SigningGate
    ) async throws(ProviderError) -> GatheringOutcome {
        let head = try await freshHead()
        let permit = try await gate.permit(readWallet(nil, scannedTo: nil))
        var outcome = GatheringOutcome()
        var needs: [Moved] = []
        for account in accounts {
            do {
                switch try await step(with: account) {
                case .empty: outcome.empty.append(account)
                case .needs(let top): needs.append(top)
                case .moves(let moved, let from, let state):
                    var seqno: Int64 = 0
                    if let data = state.data { seqno = try self.seqno(data) }
                    let draft = Draft(moved: moved, from: from, state: state, seqno: seqno, head: head)
                    try await payer.send(try await sign(draft, under: permit))
                    outcome.sent += 1
                }
            } catch { outcome.problems.append("\(account.account): \(error.reason)") }
        }
        do { outcome.sent += try await give(needs, head, through: gate) } catch {
            outcome.problems.append(error.reason)
        }
        return outcome
    }

    private enum Step {
        case empty
        case needs(Moved)
        case moves([Moved], from: OwnWallets.Named, ToncenterClient.AccountState)
    }

    /// A message, and what it moves.
    private struct Moved {
        let message: WalletMessage
        let movement: OwnMovement
    }

    /// A request before it is signed.
    private struct Draft {
        let moved: [Moved]
        let from: OwnWallets.Named
        let state: ToncenterClient.AccountState
        let seqno: Int64
        let head: ToncenterClient.Head
    }

    private func step(with account: HoldingAccount) async throws(ProviderError) -> Step {
        let own = try ownWallets.ofOption(account.option)
        guard own.address.raw == account.account else {
            throw ProviderError(.invalidRequest, "the wallet was made from another seed; its money cannot be moved")
        }
        let state = try await payer.account(own.address)
        do {
            let word = try GatheringMessage(option: account.option).cell()
            let jettons = try await jettonTransfers(from: own, saying: word)
            if jettons.isEmpty {
                let minimum = configuration.gatheringMinimum[coin] ?? Int256(Self.coinMinimum)
                guard !(Int256(state.balance) < minimum), state.balance > Self.requestFee else { return .empty }
                let all = try WalletMessage(to: address, amount: 0, bounce: false, body: word, mode: 128)
                let movement = OwnMovement(to: .payouts, asset: coin, units: nil)
                return .moves([Moved(message: all, movement: movement)], from: own, state)
            }
            let needed = jettons.reduce(Self.requestFee) { $0 + $1.message.message.value }
            guard state.balance >= needed else {
                let coins = try WalletMessage(to: own.address, amount: needed, bounce: false, body: word, mode: 1)
                return .needs(
                    Moved(
                        message: coins,
                        movement: OwnMovement(to: own.name, asset: coin, units: Int256(needed))
                    )
                )
            }
            return .moves(jettons, from: own, state)
        } catch let error as TONError { throw ProviderError(.malformed, error.description) } catch {
            throw error as? ProviderError ?? ProviderError(.malformed, "\(error)")
        }
    }

    private func jettonTransfers(from own: OwnWallets.Named, saying word: Cell) async throws -> [Moved] {
        var messages: [Moved] = []
        for jetton in configuration.jettons where messages.count < own.wallet.version.maximumMessages {
            let held = try await units(of: jetton.asset, owner: own.address)
            let minimum = configuration.gatheringMinimum[jetton.asset] ?? 1
            guard held > 0, !(Int256(held) < minimum) else { continue }
            let transfer = JettonTransfer(
                queryID: 0,
                amount: held,
                destination: address,
                responseDestination: feeWallet.address,
                forwardAmount: 0,
                forwardPayload: word
            )
            let message = try WalletMessage(
                to: jetton.wallet(of: own.address),
                amount: Self.jettonGas,
                bounce: true,
                body: transfer.cell(),
                mode: 1
            )
            let movement = OwnMovement(to: .payouts, asset: jetton.asset, units: Int256(held))
            messages.append(Moved(message: message, movement: movement))
        }
        return messages
    }

    /// Gives coins for fees to as many wallets as one request can hold; the others get theirs in the next round.
    private func give(
        _ needs: [Moved],
        _ head: ToncenterClient.Head,
        through gate: any SigningGate
    ) async throws(ProviderError) -> Int {
        let messages = Array(needs.prefix(feeWallet.wallet.version.maximumMessages))
        guard !messages.isEmpty else { return 0 }
        let state = try await payer.account(feeWallet.address)
        let needed = messages.reduce(Self.requestFee) { $0 + $1.message.message.value }
        guard state.balance >= needed else {
            throw ProviderError(
                .unavailable,
                "the wallet \(feeWallet.address), which pays for gathering jettons, holds too little; top it up"
            )
        }
        let permit = try await gate.permit(feeReading(state))
        guard let number = permit.number else { return 0 }
        let draft = Draft(moved: messages, from: feeWallet, state: state, seqno: number, head: head)
        let bytes = try await sign(draft, under: permit)
        try await gate.store(number, under: permit)
        try await payer.send(bytes)
        return messages.count
    }

    private func seqno(_ data: Cell) throws(ProviderError) -> Int64 {
        do { return Int64(try WalletData(parsing: data, version: configuration.walletVersion).seqno) } catch {
            throw ProviderError(.malformed, error.description)
        }
    }

    private func sign(_ draft: Draft, under permit: SigningPermit) async throws(ProviderError) -> [UInt8] {
        do {
            let end = draft.head.time.advanced(by: configuration.transferLifetime)
            let content = try draft.from.wallet.content(
                draft.moved.map(\.message),
                seqno: UInt32(clamping: draft.seqno),
                validUntil: UInt32(clamping: end.seconds)
            )
            let movements = draft.moved.map(\.movement)
            let intent = SigningIntent(
                wallet: draft.from.name,
                number: draft.seqno,
                purpose: draft.from.name == .fees ? .topUps(movements) : .gathering(movements),
                content: try content.serialized()
            )
            let signature = try await signer.sign(intent, under: permit)
            return try draft.from.wallet
                .request(content, signature: signature, deploying: draft.state.code == nil)
                .serialized()
        } catch { throw error as? ProviderError ?? ProviderError(.malformed, "\(error)") }
    }
}
