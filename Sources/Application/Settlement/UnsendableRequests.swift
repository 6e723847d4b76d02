import Payments
import Providers
import Seams
import Storage
import Synchronization

/// The signed requests whose bytes every node of their rail refuses, while their transfers wait for a fate.
///
/// They are kept in memory: whoever sends them again learns it again.
final class UnsendableRequests: Sendable {
    /// A signed request.
    struct Request: Hashable {
        let provider: String
        let hash: String
    }

    /// The refusal of a request.
    struct Refusal {
        /// Why, in our own words.
        let reason: String
        /// The transfers in the request, as far as they were asked about.
        var transfers: Set<String>
    }

    private let refused = Mutex<[Request: Refusal]>([:])

    /// Takes the rail's answer to a transfer's request.
    ///
    /// - Returns: whether it changes what is known.
    func note(_ outcome: SubmissionOutcome, of transfer: OutgoingTransfer) -> Bool {
        guard let hash = transfer.prepared?.hash else { return false }
        let request = Request(provider: transfer.provider, hash: hash)
        return refused.withLock { refused in
            switch outcome {
            case .unsendable(let reason):
                let known = refused[request, default: Refusal(reason: reason, transfers: [])]
                refused[request] = Refusal(reason: reason, transfers: known.transfers.union([transfer.purpose.id]))
                return true
            case .accepted, .done, .rejected: return refused.removeValue(forKey: request) != nil
            case .unknown: return false
            }
        }
    }

    /// Forgets transfers of a provider, and requests without any.
    func forget(_ transfers: Set<String>, of provider: String) {
        refused.withLock { refused in
            for request in refused.keys where request.provider == provider {
                refused[request]?.transfers.subtract(transfers)
                if refused[request]?.transfers.isEmpty == true { refused[request] = nil }
            }
        }
    }

    /// The refusals of a provider's requests.
    func refusals(of provider: String) -> [Refusal] {
        refused.withLock { $0.filter { $0.key.provider == provider }.map(\.value) }
    }
}

extension Settlement {
    /// Forgets the unsendable requests whose transfers have a fate or other signed bytes, and shows those that are left.
    func reviewUnsendable() async throws {
        for provider in providers.providers {
            let ids = unsendable.refusals(of: provider.key).reduce(into: Set()) { $0.formUnion($1.transfers) }
            guard !ids.isEmpty else { continue }
            let over = try await database.read { session in
                try ids.filter { id in
                    guard let stored = try session.outgoing(id), stored.prepared != nil else { return true }
                    return stored.status.state != .inProgress && stored.status.state != .unknown
                }
            }
            unsendable.forget(over, of: provider.key)
        }
        showUnsendable()
    }

    /// Raises a condition for each provider with requests that no node takes, and clears those of the others.
    func showUnsendable() {
        for provider in providers.providers {
            guard let sender = provider.send else { continue }
            // A rail that numbers nothing names no wallet.
            let name = (["request", provider.key] + sender.wallets.prefix(1)).joined(separator: " ")
            let refusals = unsendable.refusals(of: provider.key)
            guard let first = refusals.map(\.reason).min() else {
                conditions.clear(name)
                continue
            }
            let count = refusals.reduce(0) { $0 + $1.transfers.count }
            let sentence = """
                no node takes what the wallet has signed for \(count) transfers: \(first); no money moves until a node takes \
                it or its lifetime has ended, and what the wallet signs after it may wait too
                """
            conditions.raise(name, .degraded, sentence, at: clock.now())
        }
    }
}
