import Money
package import Providers
import Seams
import Synchronization
import TON

/// Looks at many accounts at once, so that only those are read that have moved.
extension TONProvider {
    /// Asks for the last chain transaction of each account.
    ///
    /// When it is the one that was read last, the account has no news.
    ///
    /// It is the word of a node, as every head of a history is: a node that hides a movement delays what was paid. What
    /// moved is read and proven by hashes all the same.
    ///
    /// - Throws: `ProviderError` when nothing can be said of any account.
    package func look(at accounts: [PlacedAccount]) async throws(ProviderError) -> AccountLook? {
        var known: [SeenAccount] = []
        var addresses: [TONAddress] = []
        var unique: Set<TONAddress> = []
        var sights: [ScanAccount: AccountLook.Sight] = [:]
        for placed in accounts {
            do throws(ProviderError) {
                let locator = try Self.locator(placed.position)
                let address = try scanned(placed.account).address
                known.append(
                    SeenAccount(
                        account: placed.account,
                        address: address,
                        newest: locator.newest.chain,
                        isAwaited: !locator.waiting.isEmpty
                    )
                )
                if unique.insert(address).inserted { addresses.append(address) }
            } catch { sights[placed.account] = .unclear }
        }
        let nodes = try await nodeViews()
        let tips = try await nodes.tips(
            of: addresses,
            existing: Set(known.lazy.filter { $0.newest.lt > 0 }.map(\.address))
        )
        for seen in known {
            guard let (node, tip) = tips[seen.address] else { continue }
            switch tip {
            case .success(seen.newest) where !seen.isAwaited:
                contradictions.forget(seen.address)
                sights[seen.account] = .unmoved
            case .success(let place):
                sights[seen.account] = .moved(AccountTip(place: "\(node) \(place.text)", asOf: nodes.asOf))
            case .failure: sights[seen.account] = .unclear
            }
        }
        return AccountLook(asOf: nodes.asOf, sights: sights)
    }

    /// An account that is looked at.
    private struct SeenAccount {
        let account: ScanAccount
        let address: TONAddress
        /// The newest chain transaction that was read.
        let newest: ChainPlace
        /// Whether a credit waits for a second node, so that the account is read though it has not moved.
        let isAwaited: Bool
    }

    /// The place of a tip, and the history of the node that has shown it.
    func history(of tip: AccountTip) throws(ProviderError) -> (AccountHistory, ChainPlace) {
        let words = tip.place.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, let node = Int(words[0]), readers.indices.contains(node) else {
            throw ProviderError(.malformed, "the place in a history cannot be read")
        }
        return (AccountHistory(client: readers[node]), try ChainPlace(stored: String(words[1])))
    }

    /// The nodes that share the reading, each with its head.
    ///
    /// - Throws: `ProviderError` when none has a head that is recent enough.
    private func nodeViews() async throws(ProviderError) -> NodeViews {
        let answers = await withTaskGroup(of: NodeViews.Answer.self) { group in
            for number in readers.indices { group.addTask { await answer(of: number) } }
            return await group.reduce(into: [NodeViews.Answer]()) { $0.append($1) }
        }
        return try NodeViews(answers, of: readers)
    }

    private func answer(of number: Int) async -> NodeViews.Answer {
        do throws(ProviderError) {
            let head = try await freshView(of: readers[number], named: number == 0 ? key : "\(key) reader \(number)")
            return NodeViews.Answer(number: number, head: .success(head.time))
        } catch { return NodeViews.Answer(number: number, head: .failure(error)) }
    }

    /// The head, which has to be recent enough for the states of accounts to be of now.
    func freshView(
        of node: ToncenterClient,
        named name: String
    ) async throws(ProviderError) -> ToncenterClient.Head {
        let head = try await node.head()
        clock.observe(head.time, from: name, as: .chain)
        guard clock.now().since(head.time) <= configuration.maximumLag else {
            throw ProviderError(.lagging, "the node's last block is of \(head.time)")
        }
        return head
    }

    /// The scan cursor at a stored position.
    static func locator(_ position: String?) throws(ProviderError) -> ScanLocator {
        guard let position else { return .beginning }
        return try ScanLocator(stored: position)
    }

    /// An account with the address at which its coins or jettons are.
    func scanned(_ account: ScanAccount) throws(ProviderError) -> ScannedAccount {
        if let known = scannedAccounts[account] { return known }
        do {
            let owner = try TONAddress(account.account)
            let asset = try AssetID(account.subject)
            let address = try jetton(asset)?.wallet(of: owner) ?? owner
            let scanned = ScannedAccount(owner: owner, asset: asset, address: address)
            scannedAccounts[account] = scanned
            return scanned
        } catch { throw ProviderError(.malformed, "\(error)") }
    }
}

/// An account of the chain that is scanned.
struct ScannedAccount: Hashable, Sendable {
    /// Whose coins or jettons it has.
    let owner: TONAddress
    let asset: AssetID
    /// The owner's own address, or that of its jetton wallet.
    let address: TONAddress
}

/// The addresses of scanned accounts, which are computed once: that of a jetton wallet takes some hashes.
final class ScannedAccounts: Sendable {
    private static let maximumCount = 200_000

    private let known = Mutex<[ScanAccount: ScannedAccount]>([:])

    subscript(account: ScanAccount) -> ScannedAccount? {
        get { known.withLock { $0[account] } }
        set {
            known.withLock { known in
                if known.count >= Self.maximumCount { known.removeAll() }
                known[account] = newValue
            }
        }
    }
}
