import BigInt
import Money
import Seams
import Testing

@Suite("An amount")
struct AmountTests {
    static func asset(scale: Int) throws -> Asset {
        Asset(id: try AssetID("ton:mainnet:native"), code: "TON", name: "", scale: scale, displayNames: [])
    }

    @Test(
        "is read by one strict grammar",
        arguments: [
            "", " 5", "5 ", "+5", "-0", "--1", "5abc", "0x10", "1_000", "1e2", "1.", ".5", "1..2", "1.2.3", "01", "00",
            "５", "1,5", "0.0000000001", "NaN", "∞", "-", "1\u{0}", "1\n",
        ]
    )
    func refuses(text: String) throws {
        #expect(throws: MoneyError.self) { try Self.asset(scale: 9).amount(text, allowingNegative: true) }
    }

    @Test(
        "is written canonically",
        arguments: [("0", "0"), ("0.0", "0"), ("1.50", "1.5"), ("12", "12"), ("-0.000000001", "-0.000000001")]
    )
    func canonical(text: String, written: String) throws {
        let asset = try Self.asset(scale: 9)
        #expect(try asset.text(asset.amount(text, allowingNegative: true)) == written)
    }

    @Test("is the same after it is written and read, at every scale", arguments: [0, 2, 6, 9, 18, 30])
    func roundTrip(scale: Int) throws {
        let seed: UInt64 = 20_261_125
        let random = SeededRandom(seed: seed)
        let asset = try Self.asset(scale: scale)
        for _ in 0..<500 {
            let magnitude =
                BigUInt(
                    SeededRandom(seed: random.next()).bytes(Int(random.next() % 31) + 1).map { Int($0) }
                        .map(String.init).joined()
                ) ?? 0
            guard let units = Int256(exactly: BigInt(magnitude % (BigUInt(1) << 254))) else { continue }
            let amount = Amount(asset: asset.id, units: units)
            #expect(try asset.amount(asset.text(amount)) == amount, "seed \(seed)")
        }
    }

    @Test("reports an overflow of 256 bits")
    func overflow() throws {
        let asset = try Self.asset(scale: 0)
        let most = (BigInt(1) << 255) - 1
        let largest = try asset.amount(String(most))
        #expect(throws: MoneyError.self) { try largest.adding(asset.amount("1")) }
        #expect(throws: MoneyError.self) { try asset.amount(String(most + 1)) }
        #expect(try largest.negated().adding(largest).isZero)
    }

    @Test("is not added to or compared with one of another asset")
    func differentAssets() throws {
        let ton = try Self.asset(scale: 9).amount("1")
        #expect(throws: MoneyError.self) { try ton.adding(.zero(.stars)) }
        #expect(throws: MoneyError.self) { try ton.compared(to: .zero(.stars)) }
    }

    @Test("adds and subtracts as integers do")
    func arithmetic() throws {
        let seed: UInt64 = 7
        let random = SeededRandom(seed: seed)
        let id = try AssetID("ton:mainnet:native")
        for _ in 0..<2_000 {
            let (left, right) = (
                BigInt(Int64(bitPattern: random.next())) << 90, BigInt(Int64(bitPattern: random.next()))
            )
            let (a, b) = (try #require(Int256(exactly: left)), try #require(Int256(exactly: right)))
            let sum = try Amount(asset: id, units: a).adding(Amount(asset: id, units: b))
            let difference = try Amount(asset: id, units: a).subtracting(Amount(asset: id, units: b))
            #expect(BigInt(sum.units) == left + right, "seed \(seed)")
            #expect(BigInt(difference.units) == left - right, "seed \(seed)")
            #expect((a < b) == (left < right), "seed \(seed)")
        }
    }

    @Test("is split into parts that add up to it")
    func allocation() throws {
        let seed: UInt64 = 99
        let random = SeededRandom(seed: seed)
        let id = try AssetID("fiat:EUR")
        for _ in 0..<3_000 {
            let amount = Amount(asset: id, units: Int256(Int64(bitPattern: random.next()) / 3))
            let weights = (0..<(1 + random.next() % 6)).map { _ in BigUInt(random.next() % 1_000 + 1) }
            let parts = try amount.allocated(by: weights)
            #expect(try Amount.sum(parts, asset: id) == amount, "seed \(seed)")
            #expect(parts.count == weights.count)
        }
        #expect(throws: MoneyError.self) { try Amount.zero(id).allocated(by: [0, 0]) }
    }

    @Test("is a share of another that exceeds a limit exactly when it exceeds that portion of the other")
    func share() throws {
        let seed: UInt64 = 5
        let random = SeededRandom(seed: seed)
        let id = try AssetID("fiat:EUR")
        func amount(_ units: UInt64) -> Amount { Amount(asset: id, units: Int256(units)) }
        for _ in 0..<5_000 {
            let (part, whole) = (amount(random.next() % 3_000), amount(1 + random.next() % 3_000))
            let limit = Int(random.next() % 12_000)
            let share = try #require(try part.basisPoints(of: whole))
            let isMore = try part.compared(to: whole.portion(basisPoints: limit, rounding: .towardZero)) == .greater
            #expect((share > limit) == isMore, "seed \(seed): \(part.units) of \(whole.units), limit \(limit)")
        }
        #expect(try amount(1).basisPoints(of: .zero(id)) == nil)
        let most = Amount(asset: id, units: try #require(Int256(exactly: (BigInt(1) << 255) - 1)))
        #expect(try most.basisPoints(of: amount(1)) == Int.max)
        #expect(try amount(1).basisPoints(of: most) == 1)
        #expect(throws: MoneyError.self) { try amount(1).basisPoints(of: Amount(asset: .stars, units: 1)) }
    }
}

@Suite("A rate")
struct RateTests {
    @Test(
        "converts with the rounding that is named",
        arguments: [
            (Rounding.towardZero, "0.33"), (.awayFromZero, "0.34"), (.down, "0.33"), (.up, "0.34"), (.halfEven, "0.33"),
            (.halfAwayFromZero, "0.33"),
        ]
    )
    func rounding(rounding: Rounding, expected: String) throws {
        let euro = Asset(id: try AssetID("fiat:EUR"), code: "EUR", name: "", scale: 2, displayNames: [])
        let dollar = Asset(id: try AssetID("fiat:USD"), code: "USD", name: "", scale: 2, displayNames: [])
        let rate = try Rate(
            base: euro.id,
            quote: dollar.id,
            numerator: 1,
            denominator: 3,
            source: "test",
            observedAt: Timestamp(seconds: 0)
        )
        let converted = try rate.convert(euro.amount("1.00"), from: euro, to: dollar, rounding: rounding)
        #expect(try dollar.text(converted) == expected)
    }

    @Test("of zero is refused")
    func zero() throws {
        #expect(throws: MoneyError.self) {
            try Rate(
                base: .stars,
                quote: AssetID("fiat:EUR"),
                price: "0",
                source: "test",
                observedAt: Timestamp(seconds: 0)
            )
        }
    }

    @Test("knows its age and its inverse exactly")
    func inverse() throws {
        let rate = try Rate(
            base: .stars,
            quote: AssetID("fiat:EUR"),
            price: "0.013",
            source: "test",
            observedAt: Timestamp(seconds: 100)
        )
        #expect(rate.age(at: Timestamp(seconds: 160)) == .seconds(60))
        #expect(try rate.inverted().inverted() == rate)
        #expect(rate.numerator == 13 && rate.denominator == 1_000)
    }
}

@Suite("An asset")
struct AssetTests {
    @Test("is identified by chain and contract, not by ticker")
    func identity() throws {
        let ton = "ton:mainnet:jetton:0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe"
        let onTON = Asset(id: try AssetID(ton), code: "USDT-TON", name: "", scale: 6, displayNames: [])
        let onBSC = Asset(
            id: try AssetID("evm:56:erc20:0x55d398326f99059ff775485246999027b3197955"),
            code: "USDT-BSC",
            name: "",
            scale: 18,
            displayNames: []
        )
        #expect(try onTON.amount("1").units != onBSC.amount("1").units)
        #expect(throws: MoneyError.self) { try onTON.amount("1").adding(onBSC.amount("1")) }
    }

    @Test("may change its ticker on a date, and stays one asset")
    func tickers() throws {
        let change = Timestamp(seconds: 1_781_481_600)
        let coin = Asset(
            id: try AssetID("ton:mainnet:native"),
            code: "TON",
            name: "",
            scale: 9,
            displayNames: [.init(ticker: "TON"), .init(ticker: "GRAM", from: change)]
        )
        #expect(coin.ticker(at: Timestamp(seconds: change.seconds - 1)) == "TON")
        #expect(coin.ticker(at: change) == "GRAM")
    }

    @Test("of Stars is counted in billionths and moved in whole Stars")
    func stars() throws {
        let stars = Asset(id: .stars, code: "XTR", name: "", scale: 9, wireScale: 0, displayNames: [])
        #expect(try stars.wireUnits(of: stars.amount("250")) == 250)
        #expect(throws: MoneyError.self) { try stars.wireUnits(of: stars.amount("2.5")) }
        #expect(try stars.amount(wireUnits: 3) == stars.amount("3"))
    }

    @Test(
        "has an identifier of one canonical form",
        arguments: ["fiat:eur", "fiat:EURO", "ton:main:native", "ton:mainnet:jetton:0:AB", "evm:01:native", "EUR", ""]
    )
    func malformed(text: String) {
        #expect(throws: MoneyError.self) { try AssetID(text) }
    }
}
