import Seams
import Testing

@Suite("A timestamp")
struct TimestampTests {
    /// Seconds and texts by GNU date 9.1 (`date -u -d @N +%Y-%m-%dT%H:%M:%S`).
    static let moments: [(seconds: Int64, text: String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_799, "2000-02-29T23:59:59.000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000Z"),
        (1_782_172_800, "2026-06-23T00:00:00.000Z"),
        (4_107_542_399, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
    ]

    @Test("prints as RFC 3339 in UTC", arguments: moments)
    func prints(seconds: Int64, text: String) {
        #expect(Timestamp(seconds: seconds).description == text)
    }

    @Test("rounds down to seconds and milliseconds, also before 1970")
    func roundsDown() {
        #expect(Timestamp(microseconds: -1).seconds == -1)
        #expect(Timestamp(microseconds: -1).milliseconds == -1)
        #expect(Timestamp(microseconds: 1_999_999).seconds == 1)
        #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test("clamps instead of trapping when a moment does not fit")
    func clamps() {
        #expect(Timestamp(seconds: .max).microseconds == .max)
        #expect(Timestamp(seconds: .min).microseconds == .min)
        #expect(Timestamp.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(Timestamp(microseconds: .min).advanced(by: .seconds(-1)).microseconds == .min)
        #expect(Timestamp(microseconds: .min).since(.distantFuture) == .microseconds(Int64.min))
        #expect(Timestamp(seconds: 0).advanced(by: .seconds(Int64.max)).microseconds == .max)
    }

    @Test("moves by what lies between two moments")
    func movesByDifference() {
        let random = SeededRandom(seed: 42)
        for _ in 0..<1_000 {
            let first = Timestamp(microseconds: Int64(truncatingIfNeeded: random.next() >> 4))
            let second = Timestamp(microseconds: Int64(truncatingIfNeeded: random.next() >> 4))
            #expect(first.advanced(by: second.since(first)) == second, "seed 42")
        }
    }
}
