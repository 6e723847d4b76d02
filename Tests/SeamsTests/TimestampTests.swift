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

    @Test("advances by the distance between two moments")
    func movesByDifference() {
        let random = SeededRandom(seed: 42)
        for _ in 0..<1_000 {
            let first = Timestamp(microseconds: Int64(truncatingIfNeeded: random.next() >> 4))
            let second = Timestamp(microseconds: Int64(truncatingIfNeeded: random.next() >> 4))
            #expect(first.advanced(by: second.since(first)) == second, "seed 42")
        }
    }

    @Test(
        "reads RFC 3339, and the forms of other clocks",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000_000), ("1990-12-31T23:59:60Z", 662_688_000_000_000),
            ("1990-12-31T15:59:60-08:00", 662_688_000_000_000), ("2000-02-29t12:00:00.1234567z", 951_825_600_123_456),
            ("2026-11-26 12:00:00+00:00", 1_795_694_400_000_000), ("1969-12-31T23:59:59.5Z", -500_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("0000-02-29T00:00:00Z", -62_162_121_600_000_000),
        ]
    )
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(
        "refuses other texts",
        arguments: [
            "", "2026", "2026-11-26", "2026-11-26T12:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z", "2026-11-26T24:00:00Z", "2026-11-26T12:60:00Z", "2026-11-26T12:00:00.Z",
            "2026-11-26T12:00:00Zx", "2026-11-26T12:00:00+24:00", "20261126T120000Z",
            "2026-1-26T12:00:00Z", "\u{662}026-11-26T12:00:00Z",
        ]
    )
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("reads back what it prints, on every day of 400 years")
    func roundTrip() {
        for day in 0..<146_097 {
            let moment = Timestamp(microseconds: Int64(day) * 86_400_000_000 + 1_000 * Int64(day % 86_400_000))
            #expect(Timestamp(rfc3339: moment.description) == moment)
        }
    }

    @Test("is written and read as HTTP's Date", arguments: 0..<200)
    func httpDate(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let moment = Timestamp(seconds: Int64(random.next() % 253_402_300_800))
        let text = moment.httpDate
        #expect(text.utf8.count == 29 && Timestamp(httpDate: text) == moment, "\(text), seed \(seed)")
        #expect(Timestamp(httpDate: String(text.dropLast())) == nil)
    }

    @Test("reads the example of RFC 9110, and no other form")
    func httpDateExample() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(Timestamp(httpDate: text)?.seconds == 784_111_777)
        #expect(Timestamp(seconds: 784_111_777).httpDate == text)
        let others = [
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "",
            "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
        ]
        for other in others { #expect(Timestamp(httpDate: other) == nil, "\(other)") }
    }
}
