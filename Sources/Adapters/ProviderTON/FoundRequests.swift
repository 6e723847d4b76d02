import Money
import Seams
import Synchronization
import TON

/// A request of the wallet that pays out, as it took effect on the chain.
struct TakenRequest {
    /// The requested messages, in their order.
    let asked: [InternalMessage]
    /// The messages that left the wallet, with the hashes under which receivers get them.
    let sent: [(message: InternalMessage, hash: CellHash)]
    /// The network's fees for all of them, in nanotons.
    let fees: UInt128
    /// The chain transaction whose messages left.
    let evidence: ChainTransaction

    /// The message that left for a transfer; nil when the wallet skipped it.
    ///
    /// Equal messages to the same receiver cannot be told apart, and need not be: when three were requested and two
    /// left, the third counts as skipped.
    func message(at position: Int) -> (message: InternalMessage, hash: CellHash)? {
        guard asked.indices.contains(position) else { return nil }
        let wanted = asked[position]
        let rank = asked[..<position].count { $0.saysTheSame(as: wanted) }
        let same = sent.filter { $0.message.saysTheSame(as: wanted) }
        return same.indices.contains(rank) ? same[rank] : nil
    }

    /// A transfer's part of the fees; all parts add up to the fees.
    func fee(at position: Int) -> UInt128 {
        let count = UInt128(max(asked.count, 1))
        return fees / count + (position == 0 ? fees % count : 0)
    }
}

extension InternalMessage {
    fileprivate func saysTheSame(as other: InternalMessage) -> Bool {
        destination == other.destination && value == other.value && body.hash == other.body.hash
    }
}

/// A cache of search results for requests, because each transfer of a batch looks for the same request.
final class FoundRequests: Sendable {
    /// The result of a search for a request.
    enum Search {
        case taken(TakenRequest)
        case expired(at: Timestamp)
        /// It was not taken, and something else has used its number.
        case displaced(at: Timestamp)
        /// It was not taken yet, or is still being carried out by the wallet.
        case pending
    }

    /// How long the result `pending` is kept: as long as one round of questions takes.
    private static let pendingLifetime = Duration.milliseconds(900)
    private static let maximumCount = 256

    private let known = Mutex<[String: (search: Search, at: Timestamp)]>([:])

    /// The search result for a request, unless it may have changed since.
    func search(_ hash: String, at now: Timestamp) -> Search? {
        guard let (search, moment) = known.withLock({ $0[hash] }) else { return nil }
        if case .pending = search, now.since(moment) > Self.pendingLifetime { return nil }
        return search
    }

    func remember(_ search: Search, of hash: String, at now: Timestamp) {
        known.withLock { known in
            if known.count >= Self.maximumCount { known.removeAll() }
            known[hash] = (search, now)
        }
    }

    /// Forgets what may have been read from a history that was not the chain's.
    func forget(alsoTaken: Bool) {
        known.withLock { known in
            known = known.filter { _, found in
                if case .taken = found.search { !alsoTaken } else { false }
            }
        }
    }
}
