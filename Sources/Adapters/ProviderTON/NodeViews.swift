import Providers
import Seams
import TON

/// The heads of the nodes that share the reading, for one look.
///
/// Each account is asked for at the same node in every look, as long as that answers: a node that is some blocks behind
/// another would show a history that ends before what was read.
struct NodeViews: Sendable {
    /// The nodes that answer, with their numbers.
    private let nodes: [(number: Int, client: ToncenterClient)]
    /// How many nodes there are.
    private let count: Int
    /// The oldest of the heads: up to it every node's answers are complete.
    let asOf: Timestamp

    /// Asks each node for its head.
    ///
    /// - Throws: `ProviderError` when none has one that is recent enough.
    static func open(
        _ nodes: [ToncenterClient],
        head: @escaping @Sendable (Int, ToncenterClient) async throws(ProviderError) -> ToncenterClient.Head
    ) async throws(ProviderError) -> Self {
        let heads = await withTaskGroup(of: (Int, Result<ToncenterClient.Head, ProviderError>).self) { group in
            for (number, node) in nodes.enumerated() {
                group.addTask {
                    do throws(ProviderError) { return (number, .success(try await head(number, node))) } catch {
                        return (number, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var (answering, times): ([(Int, ToncenterClient)], [Timestamp]) = ([], [])
        var failure = ProviderError(.unavailable, "there is no node")
        for (number, node) in nodes.enumerated().reversed() {
            switch heads[number] {
            case .success(let head):
                answering.append((number, node))
                times.append(head.time)
            case .failure(let error): failure = error
            case nil: break
            }
        }
        guard let oldest = times.min() else { throw failure }
        return Self(nodes: answering.reversed().map { (number: $0.0, client: $0.1) }, count: nodes.count, asOf: oldest)
    }

    /// The places of accounts, each with the number of the node that has shown it.
    typealias Tips = [TONAddress: (Int, Result<ChainPlace, ProviderError>)]

    /// The last chain transactions of many accounts, or why they are not known.
    ///
    /// - Throws: `ProviderError` when no node answers.
    func tips(of accounts: [TONAddress], existing: Set<TONAddress>) async throws(ProviderError) -> Tips {
        let shares = Dictionary(grouping: accounts, by: share)
        let answers = await withTaskGroup(of: Result<Tips, ProviderError>.self) { group in
            for (share, accounts) in shares {
                group.addTask { await tips(of: accounts, existing: existing, at: share) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var found: Tips = [:]
        var failure: ProviderError?
        for answer in answers {
            switch answer {
            case .success(let tips): found.merge(tips) { _, new in new }
            case .failure(let error): failure = error
            }
        }
        guard let failure else { return found }
        guard !found.isEmpty else { throw failure }
        for account in accounts where found[account] == nil { found[account] = (0, .failure(failure)) }
        return found
    }

    /// Asks one node, and when that fails the others, one after the other.
    private func tips(
        of accounts: [TONAddress],
        existing: Set<TONAddress>,
        at share: Int
    ) async -> Result<Tips, ProviderError> {
        var failure = ProviderError(.unavailable, "there is no node")
        for node in nodes[share...] + nodes[..<share] {
            do throws(ProviderError) {
                let places = try await node.client.tips(of: accounts, existing: existing)
                return .success(places.mapValues { (node.number, $0) })
            } catch { failure = error }
        }
        return .failure(failure)
    }

    /// The position among the answering nodes of the one that is asked for an account.
    private func share(_ account: TONAddress) -> Int {
        let number = Int(account.hash.bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        return nodes.firstIndex { $0.number == number % count } ?? number % nodes.count
    }
}
