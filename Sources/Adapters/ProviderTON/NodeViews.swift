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

    /// A node's answer to the question for its head.
    struct Answer: Sendable {
        let number: Int
        let head: Result<Timestamp, ProviderError>
    }

    /// The nodes that have answered.
    ///
    /// - Throws: `ProviderError` when none has a head that is recent enough.
    init(_ answers: [Answer], of nodes: [ToncenterClient]) throws(ProviderError) {
        var (answering, times): ([(number: Int, client: ToncenterClient)], [Timestamp]) = ([], [])
        var failure = ProviderError(.unavailable, "there is no node")
        // The failure that is told is that of the first node.
        for answer in answers.sorted(by: { $0.number > $1.number }) {
            switch answer.head {
            case .success(let time):
                answering.append((answer.number, nodes[answer.number]))
                times.append(time)
            case .failure(let error): failure = error
            }
        }
        guard let oldest = times.min() else { throw failure }
        self.nodes = answering.reversed()
        count = nodes.count
        asOf = oldest
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
