import Money
package import Payments
package import Providers
import Seams
import TON

/// The numbers that the wallets' keys have used on the chain, and the payments made with them.
extension TONProvider {
    /// How many seconds further back than the wallet's memory a number is looked for, because clocks differ.
    private static let memoryMargin: Int64 = 86_400

    /// The wallet that pays out, and the one that pays the fees of gathering.
    package var wallets: [String] {
        [address.raw] + (configuration.deposit == .derived ? [feeWallet.address.raw] : [])
    }

    /// Reads the state of a wallet: its seqno, or the numbers that a highload wallet remembers.
    ///
    /// - Throws: `ProviderError`.
    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        if wallet == feeWallet.address.raw {
            return try feeReading(await payer.account(feeWallet.address))
        }
        let state = try await payer.account(address)
        switch self.wallet {
        case .numbered(let wallet):
            let next = try Self.seqno(of: state, wallet.version)
            return WalletReading(wallet: address.raw, numbers: .inTurn(next: next, pending: next))
        case .highload:
            return WalletReading(
                wallet: address.raw,
                numbers: try Self.taken(by: state),
                lifetimeOfRequests: .seconds(Int64(configuration.highloadTimeout ?? 0))
            )
        }
    }

    /// Blocks come every 0.4 seconds.
    package var pace: Duration { .milliseconds(250) }

    /// Reads the seqno of a wallet that takes numbers in turn, with one request: what it has taken is final.
    ///
    /// Nodes do not tell which requests they keep.
    ///
    /// - Throws: `ProviderError`.
    package func look(forUnseen unseen: [PreparedTransfer]) async throws(ProviderError) -> LaneView? {
        guard case .numbered(let wallet) = wallet else { return nil }
        let next = try Self.seqno(of: try await payer.account(address), wallet.version)
        // One number at a time needs no proof that nobody else signs: the wallet takes no other before.
        let shown = Set(unseen.compactMap(\.sequence))
        return LaneView(decidedBelow: next, takenBelow: next, keptBelow: next, shown: shown)
    }

    func feeReading(_ state: ToncenterClient.AccountState) throws(ProviderError) -> WalletReading {
        let next = try Self.seqno(of: state, feeWallet.wallet.version)
        return WalletReading(
            wallet: feeWallet.address.raw,
            numbers: .inTurn(next: next, pending: next),
            paysOthers: false
        )
    }

    private static func seqno(
        of state: ToncenterClient.AccountState,
        _ version: WalletVersion
    ) throws(ProviderError) -> Int64 {
        guard let data = state.data else { return 0 }
        do { return Int64(try WalletData(parsing: data, version: version).seqno) } catch {
            throw ProviderError(.malformed, error.description)
        }
    }

    /// The numbers that a highload wallet remembers.
    ///
    /// It always remembers the request that it took last. So any request that it took after a copy of the database was
    /// made shows here.
    private static func taken(by state: ToncenterClient.AccountState) throws(ProviderError) -> WalletNumbers {
        let modulus = Int64(HighloadQuery.count)
        guard let cell = state.data else { return .inAnyOrder(taken: [], modulus: modulus, since: 0) }
        do {
            let data = try HighloadWalletData(parsing: cell)
            let positions = data.queries.positions.union(data.oldQueries.positions)
            let memory = 3 * Int64(data.timeout) + memoryMargin
            let since = max(0, Int64(clamping: data.lastCleaned) - memory) * 1_000
            return .inAnyOrder(taken: Set(positions.map { Int64($0) }), modulus: modulus, since: since)
        } catch { throw ProviderError(.malformed, error.description) }
    }

    /// An order as its message appears on the chain.
    package func appearance(of order: TransferOrder) -> SentPayment? {
        guard let destination = try? AddressText(order.destination).address else { return nil }
        return SentPayment(
            destination: destination.raw,
            amount: order.amount,
            comment: order.comment.map { Array($0.utf8) },
            tag: jetton(order.amount.asset) == nil ? nil : "\(Self.queryID(order.id))"
        )
    }

    /// The number that a request to a wallet has used; nil when it cannot be read.
    func number(ofRequest body: Cell, to account: TONAddress) -> Int64? {
        if account == address, case .highload = wallet {
            return (try? HighloadRequest(parsing: body)).map { Int64($0.query.position) }
        }
        return WalletRequest.seqno(in: body, version: configuration.walletVersion).map { Int64($0) }
    }
}
