import Cryptography
import Money
package import Payments
package import Providers
import Seams
import TON

/// Gathers payments on wallets of single options into the wallet that pays out.
///
/// Jettons go first. A wallet needs coins for that, which the wallet for fees gives. Then all coins go, by a message
/// that carries the whole balance.
extension TONProvider: FundGathering {
    /// The fewest coins that are worth moving, in nanotons.
    private static let coinMinimum: UInt128 = 50_000_000
    /// A wallet's fee for a request, in addition to the coins that the jettons carry, in nanotons.
    private static let requestFee: UInt128 = 30_000_000
    /// How many wallets are asked about at once.
    private static let askedAtOnce = 8

    // MARK: - Following

    /// Compares the wallets' numbers with those of the steps.
    ///
    /// - Throws: `ProviderError`.
    package func fates(of transfers: [OwnTransfer]) async throws(ProviderError) -> [OwnTransferFate] {
        let head = try await freshHead()
        return await sideBySide(transfers, atOnce: Self.askedAtOnce) { transfer in
            // What the node does not say now, it says in a later round.
            (try? await fate(of: transfer, at: head)) ?? .waiting
        }
    }

    private func fate(
        of transfer: OwnTransfer,
        at head: ToncenterClient.Head
    ) async throws(ProviderError) -> OwnTransferFate {
        do {
            let state = try await payer.account(try TONAddress(transfer.account))
            if try seqno(state) > transfer.number { return .done }
            let content = try BagOfCells.root(of: transfer.content)
            let end = try WalletRequest(content: content, version: configuration.walletVersion).validUntil
            // A request that deploys the wallet has no end; another with its number does no harm.
            let isOld = head.time.since(transfer.createdAt) > configuration.transferLifetime
            return head.time > Timestamp(seconds: Int64(end)) || (transfer.number == 0 && isOld)
                ? .replaceable : .waiting
        } catch { throw error as? ProviderError ?? ProviderError(.malformed, "\(error)") }
    }

    // MARK: - Planning

    /// The next step for a wallet.
    private enum Step {
        /// It holds nothing that is worth its fee.
        case empty
        /// It needs this many nanotons first.
        case needs(Int256)
        /// Its money moves on.
        case moves(OwnTransfer)
    }

    /// A message, and what it moves.
    private struct Moved {
        let message: WalletMessage
        let movement: OwnMovement
    }

    /// Composes the next step for wallets of options, several at once.
    ///
    /// - Throws: `ProviderError` when nothing can be done now.
    package func plan(_ accounts: [HoldingAccount]) async throws(ProviderError) -> GatheringPlan {
        let head = try await freshHead()
        let steps = await sideBySide(accounts, atOnce: Self.askedAtOnce) { account in
            await result { () async throws(ProviderError) in try await step(with: account, at: head) }
        }
        var plan = GatheringPlan()
        for (account, step) in zip(accounts, steps) {
            switch step {
            case .success(.empty): plan.empty.append(account)
            case .success(.moves(let transfer)): plan.transfers.append(transfer)
            case .success(.needs(let units)):
                plan.needs.append(CoinNeed(option: account.option, units: units))
            case .failure(let error): plan.problems.append("\(account.account): \(error.reason)")
            }
        }
        return plan
    }

    private func step(
        with account: HoldingAccount,
        at head: ToncenterClient.Head
    ) async throws(ProviderError) -> Step {
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
                guard !(Int256(state.balance) < minimum), state.balance > Self.requestFee else {
                    return .empty
                }
                let all = Moved(
                    message: try WalletMessage(to: address, amount: 0, bounce: false, body: word, mode: 128),
                    movement: OwnMovement(to: .payouts, asset: coin, units: nil)
                )
                return .moves(try request([all], from: own, number: try seqno(state), at: head))
            }
            let needed = jettons.reduce(Self.requestFee) { $0 + $1.message.message.value }
            guard state.balance >= needed else { return .needs(Int256(needed)) }
            return .moves(try request(jettons, from: own, number: try seqno(state), at: head))
        } catch { throw error as? ProviderError ?? ProviderError(.malformed, "\(error)") }
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

    /// Composes a request for as much, from the first movement on, as the network takes in one message; the rest moves
    /// in a later round.
    private func request(
        _ all: [Moved],
        from own: OwnWallets.Named,
        number: Int64,
        at head: ToncenterClient.Head
    ) throws(TONError) -> OwnTransfer {
        let end = head.time.advanced(by: configuration.transferLifetime)
        let moved = all.prefix(try own.wallet.capacity(for: all.map(\.message)))
        let content = try own.wallet.content(
            moved.map(\.message),
            seqno: UInt32(clamping: number),
            validUntil: UInt32(clamping: end.seconds)
        )
        return OwnTransfer(
            account: own.address.raw,
            wallet: own.name,
            number: number,
            movements: moved.map(\.movement),
            content: try content.serialized(),
            createdAt: clock.now()
        )
    }

    private func seqno(_ state: ToncenterClient.AccountState) throws(ProviderError) -> Int64 {
        guard let data = state.data else { return 0 }
        do {
            return Int64(try WalletData(parsing: data, version: configuration.walletVersion).seqno)
        } catch {
            throw ProviderError(.malformed, error.description)
        }
    }

    // MARK: - Coins for fees

    /// Composes one request that gives coins to as many wallets as it can hold; the others get theirs in a later round.
    ///
    /// - Throws: `ProviderError` when the wallet for fees holds too little.
    package func topUps(
        _ needs: [CoinNeed],
        under permit: SigningPermit
    ) async throws(ProviderError) -> [OwnTransfer] {
        // The wallet takes one request at a time.
        guard permit.intents.isEmpty, let number = permit.number, !needs.isEmpty else { return [] }
        let head = try await freshHead()
        let state = try await payer.account(feeWallet.address)
        do {
            var moved: [Moved] = []
            for need in needs.prefix(feeWallet.wallet.version.maximumMessages) {
                guard let units = UInt128(exactly: need.units) else { continue }
                let wallet = try ownWallets.ofOption(need.option)
                let word = try GatheringMessage(option: need.option).cell()
                moved.append(
                    Moved(
                        message: try WalletMessage(
                            to: wallet.address,
                            amount: units,
                            bounce: false,
                            body: word,
                            mode: 1
                        ),
                        movement: OwnMovement(to: wallet.name, asset: coin, units: need.units)
                    )
                )
            }
            let needed = moved.reduce(Self.requestFee) { $0 + $1.message.message.value }
            guard state.balance >= needed else {
                throw ProviderError(
                    .unavailable,
                    "the wallet \(feeWallet.address), which pays for gathering jettons, holds too little; top it up"
                )
            }
            return [try request(moved, from: feeWallet, number: number, at: head)]
        } catch { throw error as? ProviderError ?? ProviderError(.malformed, "\(error)") }
    }

    // MARK: - Signing and sending

    /// Signs a stored step.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ transfer: OwnTransfer,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        do {
            let signature = try await signer.sign(SigningIntent(transfer), under: permit)
            let own =
                if let option = transfer.wallet.option { try ownWallets.ofOption(option) } else {
                    feeWallet
                }
            let content = try BagOfCells.root(of: transfer.content)
            let end = try WalletRequest(content: content, version: configuration.walletVersion).validUntil
            // The first request carries the wallet's state, which does no harm where the wallet exists.
            let signed = try own.wallet.request(
                content,
                signature: signature,
                deploying: transfer.number == 0
            )
            return PreparedTransfer(
                bytes: try signed.serialized(),
                hash: signed.normalizedHash.description,
                sequence: transfer.number,
                validUntil: transfer.number == 0 ? nil : Timestamp(seconds: Int64(end))
            )
        } catch { throw error as? ProviderError ?? ProviderError(.malformed, "\(error)") }
    }

    /// Sends a signed step to the node.
    ///
    /// - Throws: `ProviderError`.
    package func broadcast(_ transfer: OwnTransfer) async throws(ProviderError) {
        guard let prepared = transfer.prepared else { return }
        try await payer.send(prepared.bytes)
    }
}

/// The result of work that fails with a provider's error.
private func result<Success>(
    _ body: () async throws(ProviderError) -> Success
) async -> Result<Success, ProviderError> {
    do throws(ProviderError) { return .success(try await body()) } catch { return .failure(error) }
}
