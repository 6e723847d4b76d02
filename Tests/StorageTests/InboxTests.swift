import DatabaseEngines
import Records
import Seams
import Testing

@testable import Storage

@Suite("The inbox")
struct InboxTests {
    private static let now = Timestamp(seconds: 1_764_000_000)

    /// What the inbox has to know of a message.
    private struct Kept {
        let key: String
        let lane: String
        var dueAt: Timestamp
        var isFinished = false
    }

    @Test(
        "offers the first unfinished message of each lane, and no other, in any order of arrivals, ends and pauses",
        arguments: Engine.allCases,
        [1, 2, 3] as [UInt64]
    )
    func firsts(engine: Engine, seed: UInt64) async throws {
        let database = try engine.open()
        let random = SeededRandom(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        var kept: [Kept] = []
        var now = Self.now
        for step in 0..<120 {
            let due = try await database.read { [now] session in
                try session.firstInbox(of: "s", aboutMoney: true, dueAt: now, limit: 1_000)
            }
            let firsts = Dictionary(grouping: kept.filter { !$0.isFinished }, by: \.lane).values.compactMap(\.first)
            let wanted = firsts.filter { $0.dueAt <= now }
            #expect(Set(due.map(\.key)) == Set(wanted.map(\.key)), "seed \(seed), step \(step)")
            #expect(due.allSatisfy { $0.body == Array($0.key.utf8) })
            switch below(3) {
            case 0:
                let (key, lane) = ("\(step)", "lane \(below(5))")
                let isNew = try await database.write { [now] in try $0.appendInbox(.sample(key, in: lane), at: now) }
                let again = try await database.write { [now] in try $0.appendInbox(.sample(key, in: "x"), at: now) }
                #expect(isNew && !again)
                kept.append(Kept(key: key, lane: lane, dueAt: now))
            case 1:
                guard let message = due.isEmpty ? nil : due[below(due.count)] else { continue }
                let hasNext = try await database.write { [now] session in
                    let hasNext = try session.finishInbox(message, outcome: "done", at: now)
                    // What was dealt with is dealt with once.
                    #expect(try !session.finishInbox(message, outcome: "again", at: now))
                    try session.postponeInbox(message, until: now, reason: "again")
                    return hasNext
                }
                if let index = kept.firstIndex(where: { $0.key == message.key }) { kept[index].isFinished = true }
                let next = kept.firstIndex { $0.lane == message.lane && !$0.isFinished }
                if let next { kept[next].dueAt = max(kept[next].dueAt, now) }
                #expect(hasNext == (next != nil))
            default:
                guard let message = due.isEmpty ? nil : due[below(due.count)] else { continue }
                let until = now.advanced(by: .seconds(Int64(below(5))))
                try await database.write { try $0.postponeInbox(message, until: until, reason: "later") }
                if let index = kept.firstIndex(where: { $0.key == message.key }) { kept[index].dueAt = until }
            }
            now = now.advanced(by: .seconds(Int64(below(2))))
        }
        #expect(try await database.read { try $0.inboxDepth() } == kept.filter { !$0.isFinished }.count)
        try await database.close()
    }

    @Test("refuses a second message of a lane that is due", arguments: Engine.allCases)
    func onlyOne(engine: Engine) async throws {
        let database = try engine.open()
        await #expect(throws: StorageError(.constraint, "")) {
            try await database.write { session in
                for key in ["1", "2"] { _ = try session.appendInbox(.sample(key, in: "lane"), at: Self.now) }
                try session.execute("UPDATE inbox SET due_at = $1", [.moment(Self.now)])
            }
        }
        #expect(try await database.read { try $0.inboxDepth() } == 0)
        try await database.close()
    }

    @Test(
        "puts the report of a return behind the report of its payment for as long as that waits",
        arguments: Engine.allCases
    )
    func returns(engine: Engine) async throws {
        let database = try engine.open()
        let due = { @Sendable () async throws -> [InboxMessage] in
            try await database.read { try $0.firstInbox(of: "s", aboutMoney: true, dueAt: Self.now, limit: 9) }
        }
        let lanes = try await database.write { session -> [String] in
            _ = try session.appendInbox(.sample("early", returned: [7]), at: Self.now)
            _ = try session.appendInbox(.sample("paid", in: "invoice", paid: [7]), at: Self.now)
            _ = try session.appendInbox(.sample("returned", returned: [7]), at: Self.now)
            return try session.all("SELECT lane FROM inbox ORDER BY sequence", []) { try $0.text() }
        }
        // The one that came before its payment would wait for what comes behind it.
        #expect(lanes == ["early", "invoice", "invoice"])
        #expect(try await due().map(\.key) == ["early", "paid"])
        let paid = try #require(try await due().last)
        _ = try await database.write { try $0.finishInbox(paid, outcome: "", at: Self.now) }
        #expect(try await due().map(\.key) == ["early", "returned"])
        _ = try await database.write { try $0.appendInbox(.sample("later", returned: [7]), at: Self.now) }
        #expect(try await due().map(\.lane) == ["early", "invoice", "later"])
        try await database.close()
    }

    @Test("lists the inboxes with due messages, those about money and the others apart", arguments: Engine.allCases)
    func sources(engine: Engine) async throws {
        let database = try engine.open()
        try await database.write { session in
            for (number, source) in ["b", "a", "c", "a", "c"].enumerated() {
                let place = InboxPlace(lane: "\(number)", isMoney: source != "c")
                let message = ArrivedMessage(source: source, key: "\(number)", place: place, sealed: [])
                _ = try session.appendInbox(message, at: Self.now)
            }
        }
        let (money, others) = try await database.read { session in
            (try session.inboxSources(aboutMoney: true), try session.inboxSources(aboutMoney: false))
        }
        #expect(money == ["a", "b"] && others == ["c"])
        try await database.close()
    }
}
