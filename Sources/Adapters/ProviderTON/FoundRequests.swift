import Money
import Seams
import Synchronization
import TON

/// A request of the wallet that pays out, as it took effect on the chain.
struct TakenRequest {
    /// What it asked for, in its order.
    let asked: [InternalMessage]
    /// What left the wallet, with the hashes under which receivers get it.
    let sent: [(message: InternalMessage, hash: CellHash)]
    /// What the network charged for all of it, in nanotons.
    let fees: UInt128
    /// The chain transaction whose messages left.
    let evidence: ChainTransaction

    /// The message that left for a transfer; none when the wallet skipped it.
    ///
    /// Messages that say the same to the same receiver cannot be told apart and need not be: of three that were asked for
    /// and two that left, the third is the one that was skipped.
    func message(at position: Int) -> (message: InternalMessage, hash: CellHash)? {
        guard asked.indices.contains(position) else { return nil }
        let wanted = asked[position]
        let rank = asked[..<position].count { $0.saysTheSame(as: wanted) }
        let same = sent.filter { $0.message.saysTheSame(as: wanted) }
        return same.indices.contains(rank) ? same[rank] : nil
    }

    /// A transfer's part of the fees: all parts add up to them.
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

/// What was found of requests: the transfers of a batch ask for the same one after the other.
final class FoundRequests: Sendable {
    /// What is known of a request.
    enum Search {
        case taken(TakenRequest)
        case expired(at: Timestamp)
        /// It was not taken, and something else has used its number.
        case displaced(at: Timestamp)
        /// Not there yet, or on its way inside the wallet.
        case pending
    }

    /// How long it holds that a request is not there: as long as one round of questions takes.
    private static let pendingLifetime = Duration.milliseconds(900)
    private static let maximumCount = 256

    private let known = Mutex<[String: (search: Search, at: Timestamp)]>([:])

    /// What was found of a request, unless it may have changed since.
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
}
