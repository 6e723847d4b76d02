import Providers
import Seams

/// Decides which accounts each stream of a provider listens to.
///
/// A stream names its accounts when it begins, and a node that serves few streams refuses one that begins right after
/// another's end. So accounts that are no longer wanted stay until their stream changes for another reason, and a stream
/// that has accounts changes once a minute at most; what no stream names yet is found by the scan.
struct ListeningPlan: Sendable {
    /// How long a stream keeps its accounts at least.
    static let constancy = Duration.seconds(60)

    private struct Share {
        var accounts: Set<ScanAccount> = []
        var changedAt: Timestamp?
    }

    private let capacity: ListeningCapacity
    private var shares: [Share]

    /// A plan in which no stream listens to anything.
    init(_ capacity: ListeningCapacity) {
        self.capacity = capacity
        shares = Array(repeating: Share(), count: capacity.streams)
    }

    /// The accounts of a stream.
    func accounts(of stream: Int) -> Set<ScanAccount> { shares[stream].accounts }

    /// Takes note of the accounts to listen to, the most important first.
    ///
    /// - Returns: the streams whose accounts have changed.
    mutating func follow(_ wanted: [ScanAccount], at now: Timestamp) -> [Int] {
        let wanted = wanted.prefix(capacity.streams * capacity.accountsPerStream)
        let all = Set(wanted)
        var named: Set<ScanAccount> = []
        for share in shares { named.formUnion(share.accounts) }
        var missing = wanted.filter { named.insert($0).inserted }[...]
        var changed: [Int] = []
        for (stream, share) in shares.enumerated() where !missing.isEmpty && share.accounts.isEmpty {
            name(&missing, on: stream, keeping: [], at: now)
            changed.append(stream)
        }
        while !missing.isEmpty, let stream = roomiest(among: all, except: changed, at: now) {
            let kept = shares[stream].accounts.intersection(all)
            guard kept.count < capacity.accountsPerStream else { break }
            name(&missing, on: stream, keeping: kept, at: now)
            changed.append(stream)
        }
        return changed
    }

    /// Has no stream listen to anything.
    ///
    /// - Returns: whether one did.
    mutating func release() -> Bool {
        defer { shares = Array(repeating: Share(), count: capacity.streams) }
        return shares.contains { !$0.accounts.isEmpty }
    }

    private mutating func name(
        _ missing: inout ArraySlice<ScanAccount>,
        on stream: Int,
        keeping kept: Set<ScanAccount>,
        at now: Timestamp
    ) {
        let room = capacity.accountsPerStream - kept.count
        shares[stream] = Share(accounts: kept.union(missing.prefix(room)), changedAt: now)
        missing = missing.dropFirst(room)
    }

    /// The stream that may change and has the fewest wanted accounts.
    private func roomiest(among wanted: Set<ScanAccount>, except changed: [Int], at now: Timestamp) -> Int? {
        shares.indices.filter { stream in
            guard !changed.contains(stream) else { return false }
            guard let last = shares[stream].changedAt else { return true }
            // A clock that was wrong holds nothing up for long.
            return now.since(last) >= Self.constancy || now < last
        }
        .min { shares[$0].accounts.intersection(wanted).count < shares[$1].accounts.intersection(wanted).count }
    }
}
