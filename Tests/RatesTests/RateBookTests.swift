import Money
import Rates
import Seams
import Testing

@Suite("The book of rates")
struct RateBookTests {
    private static let ton = try? AssetID("ton:mainnet:native")
    private static let euro = try? AssetID("fiat:EUR")
    private let start = Timestamp(seconds: 1_000_000)

    private func rate(_ price: String, _ source: String, at moment: Timestamp) throws -> Rate {
        try Rate(
            base: #require(Self.ton),
            quote: #require(Self.euro),
            price: price,
            source: source,
            observedAt: moment
        )
    }

    private func book(_ prices: [String], rules: RateRules = RateRules()) throws -> RateBook {
        let book = RateBook(rules: rules)
        for (index, price) in prices.enumerated() {
            let source = "source \(index)"
            book.record([try rate(price, source, at: start)], from: source)
        }
        return book
    }

    private func price(_ book: RateBook, at moment: Timestamp) throws -> String {
        let quote = try book.rate(#require(Self.ton), in: #require(Self.euro), at: moment)
        let asset = Asset(id: try #require(Self.euro), code: "EUR", name: "", scale: 6, displayNames: [])
        let coin = Asset(id: try #require(Self.ton), code: "TON", name: "", scale: 9, displayNames: [])
        let amount = try quote.rate.convert(coin.amount("1"), from: coin, to: asset, rounding: .halfEven)
        return try asset.text(amount)
    }

    /// The prices of several sources, and the believed one; nil for none.
    private static let table: [(prices: [String], believed: String?)] = [
        ([], nil), (["2"], "2.000000"), (["2", "2.1"], "2.050000"), (["2", "2.02", "2.1"], "2.020000"),
        (["2", "2.02", "2.04", "2.1"], "2.030000"),
        // One far away, in both directions, tenfold and upside down.
        (["2", "2.02", "20"], "2.010000"), (["0.2", "2", "2.02"], "2.010000"), (["2", "2.02", "0.5"], "2.010000"),
        // Two that disagree: neither is believed. The same with half against half.
        (["2", "0.5"], nil), (["2", "2.01", "4", "4.01"], nil), (["1", "2", "4"], nil),
        // More than half agree.
        (["2", "2.01", "2.02", "9", "0.1"], "2.010000"),
    ]

    @Test(
        "believes the median of the prices that are near each other, and none when they disagree",
        arguments: table.indices
    )
    func median(index: Int) throws {
        let (prices, believed) = Self.table[index]
        let book = try book(prices)
        guard let believed else {
            #expect(throws: MoneyError(.noRate, "")) { try price(book, at: start) }
            return
        }
        #expect(try price(book, at: start) == believed)
    }

    @Test("does not depend on the order of the sources", arguments: 0..<50)
    func order(seed: Int) throws {
        var generator = SeededRandom(seed: UInt64(seed))
        let prices = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
            "\(Int.random(in: 195...205, using: &generator))"
        }
        let shuffled = RateBook(rules: RateRules())
        for (index, price) in prices.enumerated().shuffled(using: &generator) {
            shuffled.record([try rate(price, "source \(index)", at: start)], from: "source \(index)")
        }
        #expect(try price(shuffled, at: start) == price(book(prices), at: start), "seed \(seed)")
    }

    @Test("states a rate's sources and age, which is that of the oldest source")
    func age() throws {
        let book = RateBook(rules: RateRules())
        book.record([try rate("2", "a", at: start)], from: "a")
        book.record([try rate("2.02", "b", at: start.advanced(by: .seconds(60)))], from: "b")
        let quote = try book.rate(
            #require(Self.ton),
            in: #require(Self.euro),
            at: start.advanced(by: .seconds(60))
        )
        #expect(quote.rate.source == "median of a, b")
        #expect(quote.rate.observedAt == start)
        #expect(quote.validUntil == start.advanced(by: .seconds(60 + 900)))
    }

    @Test("passes over old rates; the last good rate stands in for an hour")
    func staleness() throws {
        let book = try book(["2"])
        #expect(try price(book, at: start) == "2.000000")
        // After five minutes the source is too old; the last good rate stands in for an hour after it was observed.
        for seconds: Int64 in [299, 300, 301, 3_599, 3_600] {
            #expect(try price(book, at: start.advanced(by: .seconds(seconds))) == "2.000000")
        }
        #expect(throws: MoneyError.self) { try price(book, at: start.advanced(by: .seconds(3_601))) }
        book.record([try rate("2.2", "source 0", at: start.advanced(by: .seconds(4_000)))], from: "source 0")
        #expect(try price(book, at: start.advanced(by: .seconds(4_000))) == "2.200000")
        // An older rate of the same source changes nothing; one from the future shows a wrong clock.
        book.record([try rate("9", "source 0", at: start)], from: "source 0")
        #expect(try price(book, at: start.advanced(by: .seconds(4_000))) == "2.200000")
        #expect(throws: MoneyError.self) {
            try self.price(self.book(["2"]), at: start.advanced(by: .seconds(-61)))
        }
    }

    @Test("does not believe a jump of a single source while the last good rate stands in")
    func jump() throws {
        let book = try book(["4"])
        #expect(try price(book, at: start) == "4.000000")
        let later = start.advanced(by: .seconds(60))
        for wrong in ["0.25", "400", "0.004", "6.1", "1.9"] {
            book.record([try rate(wrong, "source 0", at: later)], from: "source 0")
            #expect(try price(book, at: later) == "4.000000", "\(wrong)")
        }
        book.record([try rate("5.9", "source 0", at: later)], from: "source 0")
        #expect(try price(book, at: later) == "5.900000")
        // After an hour the new price of the source is believed.
        let muchLater = later.advanced(by: .seconds(3_601))
        book.record([try rate("0.25", "source 0", at: muchLater)], from: "source 0")
        #expect(try price(book, at: muchLater) == "0.250000")
    }

    @Test("inverts a pair that it has the other way round")
    func inverse() throws {
        let book = try book(["4"])
        let quote = try book.rate(#require(Self.euro), in: #require(Self.ton), at: start)
        #expect(quote.rate.numerator == 1 && quote.rate.denominator == 4)
        #expect(quote.rate.base == Self.euro)
    }
}
