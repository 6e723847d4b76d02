import Payments
package import Providers
import Seams
import Storage

/// Which transfers are dealt with next.
extension Settlement {
    /// The transfers of a provider that are under way and due to be looked at, the longest due first.
    package func outgoingToFollow(of provider: any PaymentProvider, limit: Int = 300) async throws -> [String] {
        let now = clock.now()
        return try await database.read { session in
            try session.outgoing(in: [.inProgress, .unknown], of: provider.key, dueAt: now, limit: limit)
                .map(\.purpose.id)
        }
    }

    /// The transfers of a provider that are due to be signed one by one, the longest due first: no more than its wallet
    /// has free numbers.
    package func outgoingToSign(of provider: any PaymentProvider, limit: Int = 50) async throws -> [String] {
        guard let sender = provider.send, provider.batch == nil else { return [] }
        let free = min(limit, try await freeNumbers(in: sender.lane))
        guard free > 0 else { return [] }
        let now = clock.now()
        return try await database.read { session in
            try session.outgoingToSign(provider: provider.key, dueAt: now, limit: free).map(\.purpose.id)
        }
    }

    /// How many more numbers of a lane may be under way; without a lane, any number.
    func freeNumbers(in lane: Lane?) async throws -> Int {
        guard let lane else { return .max }
        return max(
            0,
            lanes.width(of: lane) - Int(clamping: try await database.read { try $0.numbersUnderWay(in: lane.name) })
        )
    }
}
