import Payments
package import Providers
import Seams
package import Storage

/// Which transfers are dealt with next.
extension Settlement {
    /// Transfers that are looked at now.
    package struct Due: Sendable {
        /// The first of each request, which finds out what became of it.
        package var first: [String] = []
        /// The others of the same requests, which need what the first has found out.
        package var others: [String] = []
    }

    /// The transfers of a provider that are under way and have to be looked at.
    ///
    /// Where a wallet takes numbers in turn, one look at it tells which of them have news: those whose numbers were just
    /// taken for good, whenever they would be due; of those that still wait for a block, the ones that the nodes do not
    /// keep and the lowest one when it has waited for too long. When the look fails, each that is due finds out by
    /// itself.
    package func outgoingToFollow(of provider: any PaymentProvider, limit: Int = 300) async throws -> Due {
        let (now, lane) = (clock.now(), provider.send?.lane)
        let (others, underWay, due) = try await database.read { session in
            let others = try session.outgoing(
                in: [.inProgress, .unknown],
                of: provider.key,
                outside: lane?.name,
                dueAt: now,
                limit: limit
            )
            guard let lane else { return (others, [OutgoingTransfer](), Set<String>()) }
            let underWay = try session.outgoingUnderWay(in: lane.name)
            return (others, underWay, underWay.isEmpty ? [] : try session.dueUnderWay(in: lane.name, at: now))
        }
        guard let lane, let sender = provider.send, !underWay.isEmpty else { return Self.ordered(others) }
        let chosen = try await look(at: underWay, due: due, in: lane, of: sender)
        return Self.ordered(others + chosen)
    }

    /// Those of a wallet's transfers under way that have to be looked at by themselves.
    private func look(
        at underWay: [OutgoingTransfer],
        due: Set<String>,
        in lane: Lane,
        of sender: any TransferSending
    ) async throws -> [OutgoingTransfer] {
        let isUnseen = lanes.unseen(in: lane)
        let unseen = underWay.compactMap(\.prepared).filter { $0.sequence.map(isUnseen.contains) == true }
        guard let view = try? await sender.look(forUnseen: unseen) else {
            return underWay.filter { due.contains($0.purpose.id) }
        }
        let isDropped = underWay.contains { transfer in
            guard due.contains(transfer.purpose.id), let number = transfer.prepared?.sequence else { return false }
            return number >= view.keptBelow && isUnseen.contains(number)
        }
        let asked = Set(unseen.compactMap(\.sequence))
        let before = lanes.take(view, of: lane, asked: asked, dropped: isDropped)
        let news = News(view: view, before: before, due: due, now: clock.now(), sender: sender)
        return underWay.filter(news.concern)
    }

    /// What a look at a wallet means for each of its transfers under way.
    private struct News {
        let view: LaneView
        /// Below which number everything was taken for good before.
        let before: Int64
        let due: Set<String>
        let now: Timestamp
        let sender: any TransferSending

        func concern(_ transfer: OutgoingTransfer) -> Bool {
            let isDue = due.contains(transfer.purpose.id)
            guard let prepared = transfer.prepared, let number = prepared.sequence else { return isDue }
            if number < view.decidedBelow { return number >= before || isDue }
            // A block has it, and may still be discarded.
            guard number >= view.takenBelow, isDue else { return false }
            if let end = prepared.validUntil, end < now { return true }
            // The others of a request wait with the first.
            guard prepared.position == 0 else { return false }
            return number >= view.keptBelow || number == view.takenBelow && sender.renews(prepared)
        }
    }

    private static func ordered(_ transfers: [OutgoingTransfer]) -> Due {
        var (due, requests) = (Due(), Set<String>())
        for transfer in transfers {
            let isFirst = transfer.prepared.map { requests.insert($0.hash).inserted } ?? true
            if isFirst { due.first.append(transfer.purpose.id) } else { due.others.append(transfer.purpose.id) }
        }
        return due
    }

    /// How soon a provider's transfers under way have to be looked at again; nil when there are none.
    package func pauseBeforeFollowing(_ provider: any PaymentProvider) async throws -> Duration? {
        let (now, lane) = (clock.now(), provider.send?.lane)
        let (isUnderWay, next) = try await database.read { session in
            let isUnderWay = try lane.map { try session.numbersUnderWay(in: $0.name, from: 0) > 0 } ?? false
            return (isUnderWay, try session.nextAttempt(of: provider.key, outside: lane?.name))
        }
        let pace = isUnderWay ? provider.send?.pace : nil
        let pause = next.map { max($0.since(now), Self.shortestPause) }
        return [pace, pause].compactMap { $0 }.min()
    }

    /// The least pause between two looks at a transfer.
    private static let shortestPause = Duration.milliseconds(100)

    /// How many transfers are looked at for those that can be signed.
    private static let candidates = 500

    /// The transfers of a provider that are due to be signed one by one, the longest due first: no more than its wallet
    /// has free numbers.
    ///
    /// Those that wait for a lower fee or for money take no number from those behind them: all that are found are put off
    /// together.
    package func outgoingToSign(
        of provider: any PaymentProvider,
        under lease: Lease?,
        limit: Int = 50
    ) async throws -> [String] {
        guard let sender = provider.send, provider.batch == nil else { return [] }
        let free = min(limit, try await freeNumbers(in: sender.lane))
        guard free > 0 else { return [] }
        let now = clock.now()
        let (ready, waiting) = try await database.read { session in
            var (ready, waiting) = ([OutgoingTransfer](), [OutgoingTransfer]())
            for due in try session.outgoingToSign(provider: provider.key, dueAt: now, limit: Self.candidates) {
                let isTooDear = try fee(of: TransferOrder(due), at: provider, now: now)?.isTooHigh ?? false
                if try isTooDear || !session.covers(due) { waiting.append(due) } else { ready.append(due) }
                if ready.count == free { break }
            }
            return (ready, waiting)
        }
        if !waiting.isEmpty {
            let next = now.advanced(by: Self.retryInterval)
            try await write(under: lease) { session in
                for stored in waiting {
                    var same = stored
                    try store(&same, from: stored, nextAttemptAt: next, in: session)
                }
            }
        }
        return ready.map(\.purpose.id)
    }

    /// How many more numbers of a lane may wait for a block; without a lane, any number.
    func freeNumbers(in lane: Lane?) async throws -> Int {
        guard let lane else { return .max }
        let first = lanes.firstWaiting(in: lane)
        let waiting = try await database.read { try $0.numbersUnderWay(in: lane.name, from: first) }
        return max(0, lanes.width(of: lane) - Int(clamping: waiting))
    }
}
