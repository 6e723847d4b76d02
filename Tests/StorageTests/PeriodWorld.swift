import Foundation
import Ledger
import Money
import Payments
import Seams
import Storage

/// Ledger transactions over months, drawn from a seed, and a plain model of the accounts at the end of each month.
struct PeriodWorld {
    /// An account in an asset.
    struct Key: Hashable {
        let account: String
        let asset: AssetID
    }

    /// A row of the balances.
    struct Row: Hashable {
        let key: Key
        let period: Int64
    }

    /// A booking, which may be rolled back.
    struct Part: Sendable {
        let transaction: LedgerTransaction
        let month: Int
        /// Whether it has a savepoint of its own in its unit of work.
        let isApart: Bool
        /// Whether it has one, and fails.
        let fails: Bool
    }

    /// A unit of work.
    struct Unit: Sendable {
        var parts: [Part] = []
        var fails = false
    }

    struct Refused: Error {}

    static let accounts = ["a/1", "a/2", "b", "c/1"]
    private let random: SeededRandom
    private let assets: [AssetID]
    /// Months since January 2026, by a clock that goes forward, and how many ledger transactions were drawn.
    private var month = 0
    private var number: UInt128 = 0
    private var reversed: Set<LedgerTransaction> = []
    private var booked: [LedgerTransaction] = []
    /// The newest month with a booking.
    private(set) var newest: Int?
    /// The balance of each account now, and at the end of each month with a booking on it.
    private(set) var held: [Key: Int] = [:]
    private(set) var rows: [Row: Int] = [:]
    /// The debits and the credits of each month.
    private(set) var debits: [Row: Int] = [:]
    private(set) var credits: [Row: Int] = [:]

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        assets = [.stars, try AssetID("fiat:EUR")]
    }

    private func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    private func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// The period of a month.
    static func period(_ month: Int) -> Int64 { Int64((2026 + month / 12) * 100 + month % 12 + 1) }

    /// A moment of a month, computed with another calendar than the product's.
    private func moment(in month: Int) -> Timestamp {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        func start(_ month: Int) -> Int64 {
            let parts = DateComponents(year: 2026 + month / 12, month: month % 12 + 1)
            return Int64(calendar.date(from: parts)?.timeIntervalSince1970 ?? 0)
        }
        let (first, next) = (start(month), start(month + 1))
        // The first and the last moment are as likely as any other.
        let microseconds = [0, (next - first) * 1_000_000 - 1, Int64(below(Int(next - first))) * 1_000_000]
        return Timestamp(microseconds: first * 1_000_000 + microseconds[below(3)])
    }

    /// Draws a unit of work, during which months may pass and the clock may be behind.
    mutating func draw() throws -> Unit {
        var unit = Unit(fails: chance(15))
        for _ in 0...below(4) {
            if chance(30) { month += 1 + below(3) }
            let behind = chance(15) ? min(month, 1 + below(3)) : 0
            let transaction = try draw(postedAt: moment(in: month - behind))
            let isApart = chance(40)
            let fails = isApart && chance(40)
            unit.parts.append(
                Part(transaction: transaction, month: month - behind, isApart: isApart, fails: fails)
            )
        }
        return unit
    }

    private mutating func draw(postedAt: Timestamp) throws -> LedgerTransaction {
        number += 1
        let occurredAt = moment(in: below(month + 3))
        let standing = booked.filter { !reversed.contains($0) }
        if chance(25), !standing.isEmpty {
            let wrong = standing[below(standing.count)]
            reversed.insert(wrong)
            return try .reversing(
                wrong,
                id: Identifier(value: number),
                kind: .movementUndone,
                occurredAt: occurredAt,
                postedAt: postedAt
            )
        }
        let (asset, units) = (assets[below(assets.count)], Int64(1 + below(1_000)))
        let (from, to) = (below(Self.accounts.count), below(Self.accounts.count))
        let lines = [(from, -units - 3), (to, units), (below(Self.accounts.count), 3)]
        return try LedgerTransaction(
            id: Identifier(value: number),
            kind: .movement,
            subject: LedgerSubject(.movement, "\(number)"),
            occurredAt: occurredAt,
            postedAt: postedAt,
            postings: lines.map { account, units in
                let amount = Amount(asset: asset, units: Int256(units))
                return Posting(account: AccountID(text: Self.accounts[account]), amount: amount)
            }
        )
    }

    /// Books a unit in the model.
    mutating func book(_ unit: Unit) {
        for part in unit.parts where !part.fails && !unit.fails {
            let month = max(part.month, newest ?? part.month)
            newest = month
            booked.append(part.transaction)
            for posting in part.transaction.postings {
                let key = Key(account: posting.account.text, asset: posting.amount.asset)
                let row = Row(key: key, period: Self.period(month))
                let units = Int(posting.amount.units.description) ?? 0
                held[key, default: 0] += units
                rows[row] = held[key]
                if units > 0 { debits[row, default: 0] += units } else { credits[row, default: 0] -= units }
            }
        }
        // A reversal that failed may be drawn again later.
        for part in unit.parts where part.fails || unit.fails {
            if let wrong = booked.first(where: { $0.id == part.transaction.reverses }) { reversed.remove(wrong) }
        }
    }

    /// The balances at the end of a month, from the rows.
    func held(atEndOf period: Int64) -> [Key: Int] {
        var held: [Key: Int] = [:]
        for (row, units) in rows.sorted(by: { $0.key.period < $1.key.period }) where row.period <= period {
            held[row.key] = units
        }
        return held
    }
}
