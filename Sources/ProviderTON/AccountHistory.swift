import Providers
import Seams
import TON

/// Where a scan of an account stands: the last chain transaction that was read.
struct ScanPosition: Hashable {
    let lt: UInt64
    let hash: CellHash

    init(_ transaction: ChainTransaction) {
        lt = transaction.lt
        hash = transaction.hash
    }

    init(stored text: String) throws(ProviderError) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let lt = UInt64(parts[0]), let address = try? TONAddress("0:\(parts[1])") else {
            throw ProviderError(.malformed, "the position of a scan cannot be read")
        }
        self.lt = lt
        hash = address.hash
    }

    var text: String { "\(lt):\(hash)" }
}

/// Reads an account's history so that nothing can be missing: from the newest back to what is known, each chain
/// transaction checked to be the one that its successor names.
struct AccountHistory: Sendable {
    /// The most chain transactions between the head and what is known.
    static let maximumLength = 20_000
    private static let pageSize = 100

    let client: ToncenterClient

    /// What happened after a position, the oldest first.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the history does not join up, and with `lagging` when the node
    ///   does not know yet what was read from it before.
    func since(
        _ position: ScanPosition?,
        of address: TONAddress,
        state: ToncenterClient.AccountState
    ) async throws(ProviderError) -> [ChainTransaction] {
        let end = position?.lt ?? 0
        guard state.lastLT >= end else {
            throw ProviderError(.lagging, "the node is behind what it has shown before")
        }
        var found: [ChainTransaction] = []
        var next = (lt: state.lastLT, hash: state.lastHash)
        while next.lt > end {
            guard found.count < Self.maximumLength else {
                throw ProviderError(.unavailable, "more than \(Self.maximumLength) chain transactions to read at once")
            }
            let page = try await client.transactions(of: address, lt: next.lt, hash: next.hash, limit: Self.pageSize)
            guard !page.isEmpty else { throw ProviderError(.unavailable, "the node left out what it had announced") }
            for transaction in page where next.lt > end {
                guard transaction.lt == next.lt, transaction.hash == next.hash else {
                    throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
                }
                found.append(transaction)
                next = (transaction.previousLT, transaction.previousHash)
            }
        }
        if let position, !found.isEmpty {
            var joinsUp = next.lt == position.lt && next.hash == position.hash
            if next.lt == 0 { joinsUp = try await ended(at: position, of: address) }
            guard joinsUp else {
                throw ProviderError(.gap, "the history does not join up with what was read before")
            }
        }
        return found.reversed()
    }

    /// Whether an account ceased to exist with the chain transaction that was read last: what it does later joins up with
    /// nothing.
    private func ended(at position: ScanPosition, of address: TONAddress) async throws(ProviderError) -> Bool {
        let page = try await client.transactions(of: address, lt: position.lt, hash: position.hash, limit: 1)
        guard let last = page.first, last.lt == position.lt, last.hash == position.hash else { return false }
        return last.endStatus == .nonexistent
    }

    /// What to do after a chain transaction was looked at.
    enum Step {
        case found
        case goOn
        case stop
    }

    /// The newest chain transaction of an account that fits, from its head back.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the history does not join up.
    func newest(
        of address: TONAddress,
        state: ToncenterClient.AccountState,
        where look: (ChainTransaction) -> Step
    ) async throws(ProviderError) -> ChainTransaction? {
        var next = (lt: state.lastLT, hash: state.lastHash)
        while next.lt > 0 {
            let page = try await client.transactions(of: address, lt: next.lt, hash: next.hash, limit: Self.pageSize)
            guard !page.isEmpty else { throw ProviderError(.unavailable, "the node left out what it had announced") }
            for transaction in page {
                guard transaction.lt == next.lt, transaction.hash == next.hash else {
                    throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
                }
                switch look(transaction) {
                case .found: return transaction
                case .stop: return nil
                case .goOn: next = (transaction.previousLT, transaction.previousHash)
                }
            }
        }
        return nil
    }
}
