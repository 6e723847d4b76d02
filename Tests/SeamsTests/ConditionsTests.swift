import Seams
import Testing

@Suite("The board of conditions")
struct ConditionsTests {
    private let conditions = Conditions()
    private let start = Timestamp(seconds: 1_000)

    @Test("keeps the moment since which a condition holds, and the newest sentence")
    func again() {
        #expect(conditions.raise("clock", .degraded, "first", at: start))
        #expect(!conditions.raise("clock", .blocking, "second", at: start.advanced(by: .seconds(5))))
        #expect(
            conditions.all == [.init(name: "clock", severity: .blocking, sentence: "second", since: start)]
        )
    }

    @Test("shows a condition until it is cleared, in the order of names")
    func cleared() {
        conditions.raise("scan b", .degraded, "stands", at: start)
        conditions.raise("scan a", .degraded, "stands", at: start)
        #expect(conditions.all.map(\.name) == ["scan a", "scan b"])
        #expect(conditions.clear("scan a")?.name == "scan a")
        #expect(conditions.clear("scan a") == nil)
        #expect(conditions.all.map(\.name) == ["scan b"])
    }
}
