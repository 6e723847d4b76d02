import Payments
import Providers
import Seams
package import Settlement
import Storage

/// A round of the worker without the worker: the steps of all transfers, of whichever provider.
extension Settlement {
    /// The identifiers of the transfers whose next step is due, the longest due first.
    package func outgoingDue(limit: Int = 50) async throws -> [String] {
        let now = clock.now()
        let states: [PayoutStateMachine.State] = [.awaitingPayment, .inProgress, .unknown]
        return try await database.read { session in
            try session.outgoing(in: states, dueAt: now, limit: limit).map(\.purpose.id)
        }
    }

    /// Signs together what waits at each provider whose rail has requests for several orders.
    ///
    /// - Returns: how many transfers were signed or refused.
    package func signBatches() async throws -> Int {
        var count = 0
        for provider in providers.providers { count += try await signBatch(of: provider, under: nil) }
        return count
    }
}
