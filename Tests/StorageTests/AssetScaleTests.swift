import DatabaseEngines
import Money
import Storage
import Testing

@Suite("The scale of an asset, on each engine")
struct AssetScaleTests {
    @Test(
        "is that of the first booking: an asset list with another scale is refused",
        arguments: Engine.allCases
    )
    func scale(engine: Engine) async throws {
        let place = try engine.place()
        let shilling = try AssetID.fiat("UGX")
        let first = try engine.open(place)
        #expect(try await first.write { try $0.scale(of: shilling, otherwise: 0) } == 0)
        try await first.close()
        let second = try engine.open(place)
        #expect(try await second.write { try $0.scale(of: shilling, otherwise: 2) } == 0)
        try await second.close()
    }
}
