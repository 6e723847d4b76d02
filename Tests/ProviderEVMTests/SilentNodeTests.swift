import FixtureEVM
import Money
import ProviderEVM
import Providers
import Synchronization
import Testing

/// A counter for closures.
final class Seen: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func note() { number.withLock { $0 += 1 } }
}

@Suite("A node that accepts requests and never answers")
struct SilentNodeTests {
    private static let nodes = ["http://chain/evm", "http://chain/evm/1", "http://chain/evm/2"]

    @Test("is waited for less and less often, while two others agree", arguments: nodes)
    func rests(silent: String) async throws {
        let rail = try EVMRail()
        rail.transport.silence([silent])
        for _ in 0..<60 {
            rail.chain.mine()
            _ = try await rail.page()
        }
        let counts = rail.transport.requestCounts()
        // The pauses double: the node gets about a dozen of some two hundred requests.
        #expect((counts[silent] ?? 0) < 14, "\(counts)")
        #expect(counts.values.reduce(0, +) > 200)
    }

    @Test("is asked again, and counts when it answers")
    func comesBack() async throws {
        let rail = try EVMRail()
        rail.transport.silence([Self.nodes[2]])
        for _ in 0..<10 { _ = try await rail.page() }
        // Another node is away, so that the third is needed at once, whatever its order.
        rail.transport.silence([Self.nodes[0]])
        rail.chain.mine(5)
        _ = try await rail.page()
        #expect((rail.transport.requestCounts()[Self.nodes[2]] ?? 0) > 0)
    }

    @Test("takes the rail away only when too few others are left")
    func tooFew() async throws {
        let rail = try EVMRail()
        rail.transport.silence([Self.nodes[0], Self.nodes[1]])
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.page() }
        rail.transport.silence([])
        _ = try await rail.page()
    }
}
