import Foundation
import Gateway
import HTTPMessages
import HTTPTransport
import Scenarios
import Testing

@Suite("A wallet for cold storage", .serialized)
struct ColdStorageDestinationTests {
    private static let assets = ["ton-testnet": "ton:testnet:native", "evm-sandbox": "evm:sandbox:native"]

    @Test("at a refused destination stops the start, on every chain", arguments: assets.keys.sorted())
    func refused(provider: String) async throws {
        try await withWorld { world in
            try await world.gateway.close()
            let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
            defer { transport.close() }
            let asset = world.assetText(try #require(Self.assets[provider]))
            for place in ScenarioPlace.allCases {
                var configuration = try world.home.configuration()
                configuration.http.port = 0
                let address = try world.address(for: asset, place)
                let entry = ["provider": provider, "asset": asset, "address": address, "above": "2", "down_to": "1"]
                configuration.coldStorage = try JSONDecoder().decode(
                    [GatewayConfiguration.ColdStorage].self,
                    from: JSONEncoder().encode([entry])
                )
                var failure: String?
                do { try await world.gateway(of: configuration, over: transport).close() } catch {
                    failure = "\(error)"
                }
                let isRefused = failure != nil
                #expect(isRefused == (place != .supplier), "\(place): \(failure ?? "it started")")
                // The error names the line of the configuration; a mistyped address may be refused earlier.
                if let failure { #expect(failure.contains("cold_storage") || place == .nowhere || place == .mistyped) }
            }
        }
    }
}
