import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("An account of a rail belongs to one provider")
struct SharedAccountTests {
    /// A provider with the given accounts.
    private func provider(_ key: String, _ accounts: [String], at desk: Desk) -> ScriptedProvider {
        ScriptedProvider(asset: desk.coin.id, key: key, accounts: accounts)
    }

    @Test("two providers of one account are refused, in a new registry and when one is added")
    func registry() async throws {
        let desk = try await Desk()
        let (first, twin) = (provider("first", ["a", "b"], at: desk), provider("twin", ["c", "b"], at: desk))
        #expect(throws: ProviderError(.invalidRequest, "")) { try ProviderRegistry([first, twin]) }
        let registry = try ProviderRegistry([first])
        #expect(throws: ProviderError(.invalidRequest, "")) {
            try registry.put(twin, of: MerchantID(value: 8), isOffered: false)
        }
        #expect(registry.providers.map(\.key) == ["first"] && registry.provider("twin") == nil)
        // The refused provider has taken no account, and the first may be put again with more accounts.
        try registry.put(provider("third", ["c"], at: desk), of: nil, isOffered: true)
        try registry.put(provider("first", ["a", "d"], at: desk), of: nil, isOffered: true)
        // An account once named stays its provider's, because its history is booked under that key.
        #expect(throws: ProviderError(.invalidRequest, "")) {
            try registry.put(provider("fourth", ["b"], at: desk), of: nil, isOffered: true)
        }
    }

    @Test("the database keeps the first provider of an account", arguments: Engine.allCases)
    func database(engine: Engine) async throws {
        let database = try engine.open()
        func owner(_ account: String, _ provider: String) async throws -> String {
            try await database.write { try $0.owner(ofAccount: account, otherwise: provider) }
        }
        #expect(try await owner("a", "first") == "first")
        #expect(try await owner("a", "twin") == "first")
        #expect(try await owner("a", "first") == "first")
        #expect(try await owner("b", "twin") == "twin")
        await #expect(throws: StorageError(.constraint, "")) {
            try await database.write { session in
                try session.execute("INSERT INTO provider_accounts (account, provider) VALUES ('a', 'twin')", [])
            }
        }
        try await database.close()
    }
}
