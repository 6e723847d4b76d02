import Providers
import Seams
import TON

/// The scan cursor of an account: the last chain transaction that was read.
struct ScanPosition: Hashable {
    let lt: UInt64
    let hash: CellHash

    init(_ step: AccountStep) {
        lt = step.head.lt
        hash = step.hash
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

/// Reads an account's history without gaps: from the newest chain transaction back to the scan cursor, each one checked
/// against the hash that its successor names.
struct AccountHistory: Sendable {
    /// The most chain transactions between the head and the scan cursor.
    static let maximumLength = 20_000
    private static let pageSize = 100

    let client: ToncenterClient

    /// The chain transactions after a position, the oldest first.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the history does not join up, and with `lagging` when the
    ///   node is behind the position.
    func since(
        _ position: ScanPosition?,
        of address: TONAddress,
        state: ToncenterClient.AccountState
    ) async throws(ProviderError) -> [AccountStep] {
        let end = position?.lt ?? 0
        guard state.lastLT >= end else {
            throw ProviderError(.lagging, "the node is behind what it has shown before")
        }
        var found: [AccountStep] = []
        var next = (lt: state.lastLT, hash: state.lastHash)
        while next.lt > end {
            guard found.count < Self.maximumLength else {
                throw ProviderError(.unavailable, "more than \(Self.maximumLength) chain transactions to read at once")
            }
            for step in try await page(of: address, from: next) where next.lt > end {
                guard step.head.lt == next.lt, step.hash == next.hash else {
                    throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
                }
                found.append(step)
                next = (step.head.previousLT, step.head.previousHash)
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

    /// Steps of an account from a place back, at least one.
    ///
    /// Fewer are asked for while the node's answer is too large, so that large messages from strangers cannot block the
    /// scan.
    private func page(
        of address: TONAddress,
        from place: (lt: UInt64, hash: CellHash)
    ) async throws(ProviderError) -> [AccountStep] {
        var limit = Self.pageSize
        while true {
            let page: [AccountStep]
            do throws(ProviderError) {
                page = try await client.transactions(of: address, lt: place.lt, hash: place.hash, limit: limit)
            } catch {
                guard error.code == .unavailable, limit > 1 else { throw error }
                limit = max(1, limit / 10)
                continue
            }
            guard !page.isEmpty else {
                throw ProviderError(.unavailable, "the node left out chain transactions that it had announced")
            }
            return page
        }
    }

    /// Whether an account ceased to exist with the last chain transaction that was read, so that its later history does
    /// not join up.
    private func ended(at position: ScanPosition, of address: TONAddress) async throws(ProviderError) -> Bool {
        let page = try await client.transactions(of: address, lt: position.lt, hash: position.hash, limit: 1)
        guard let last = page.first, last.head.lt == position.lt, last.hash == position.hash else { return false }
        return last.transaction?.endStatus == .nonexistent
    }

    /// The next step after a chain transaction was examined.
    enum Step {
        case found
        case goOn
        case stop
    }

    /// The newest matching chain transaction of an account, searched from its head back.
    ///
    /// - Throws: `ProviderError`; with the code `gap` when the history does not join up.
    func newest(
        of address: TONAddress,
        state: ToncenterClient.AccountState,
        where look: (ChainTransaction) -> Step
    ) async throws(ProviderError) -> ChainTransaction? {
        var next = (lt: state.lastLT, hash: state.lastHash)
        while next.lt > 0 {
            for step in try await page(of: address, from: next) {
                guard step.head.lt == next.lt, step.hash == next.hash else {
                    throw ProviderError(.gap, "the chain transaction at logical time \(next.lt) is missing")
                }
                switch step.transaction.map(look) ?? .goOn {
                case .found: return step.transaction
                case .stop: return nil
                case .goOn: next = (step.head.previousLT, step.head.previousHash)
                }
            }
        }
        return nil
    }
}
