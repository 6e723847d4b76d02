import FixtureTON
import Gateway
import Reconciliation
import Sandbox
package import Seams
import Settlement

/// A gateway that polls nothing, and works when a node tells of something.
extension ScenarioWorld {
    /// How often at most a condition is looked at that comes by itself, and how long it rests in between.
    private static let looks = (most: 6_000, pause: Duration.milliseconds(10))

    /// Has the gateway's worker run with a day between two polls while something happens.
    ///
    /// It begins when the gateway listens to the node of TON and has looked at everything that was before.
    ///
    /// - Throws: what `body` throws, and ``ScenarioError`` when the gateway does not come to listen.
    package func listening(_ body: () async throws -> Void) async throws {
        let (gateway, before) = (gateway, networks.ton.streamCount)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await gateway.worker.run(every: .seconds(86_400), at: AsyncStream { _ in }) }
            defer { group.cancelAll() }
            let listens = try await waitUntil {
                guard networks.ton.streamCount > before, let bell = duty("doorbell of ton-testnet")?.lastSuccess,
                    let scan = duty("scan of ton-testnet"), let last = scan.lastSuccess
                else { return false }
                return !scan.isRunning && last > bell
            }
            guard listens else { throw ScenarioError("the gateway does not listen to its node of TON") }
            try await body()
        }
    }

    /// How a duty of the gateway stands; nil when it was never begun.
    package func duty(_ name: String) -> DutyState? {
        gateway.settlement.duties.all.first { $0.name == name }?.state
    }

    /// Waits for something that comes by itself.
    ///
    /// - Throws: what `condition` throws.
    /// - Returns: whether it came.
    package func waitUntil(_ condition: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<Self.looks.most {
            if try await condition() { return true }
            try await networks.clock.sleep(for: Self.looks.pause)
        }
        return false
    }
}
