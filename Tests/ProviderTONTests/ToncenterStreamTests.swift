import HTTPMessages
import Payments
import Providers
import Seams
import TON
import Testing

@testable import ProviderTON

@Suite("The streaming API of toncenter")
struct ToncenterStreamTests {
    private static let account = "0:" + String(repeating: "AB", count: 32)

    private static func change(_ finality: String, of account: String = account) -> String {
        """
        {"type": "account_state_change", "finality": "\(finality)", "account": "\(account)",
        "state": {"balance": "99999999999", "account_status": "active"}}
        """
    }

    /// What a server may tell, and whether it says where to look.
    private static let told: [(String, [ToncenterStream.News])] = [
        (#"{"status": "subscribed"}"#, [.subscribed]),
        (change("finalized"), [try? TONAddress(account)].compactMap { $0 }.map(ToncenterStream.News.moved)),
        (change("confirmed"), []),
        (change("pending"), []),
        (change("final"), []),
        (change("finalized", of: "nowhere"), []),
        (#"{"type": "trace_invalidated", "trace_external_hash_norm": "YQ=="}"#, [.invalidated(trace: "YQ==")]),
        (#"{"type": "trace_invalidated"}"#, []),
        (#"{"type": "transactions", "finality": "finalized", "transactions": []}"#, []),
        (#"{"type": "account_state_change", "type": "x", "finality": "finalized"}"#, []),
        (#"{"status": ["subscribed"]}"#, []),
        (transactions("finalized"), []),
        (transactions("pending"), []),
        (transactions("confirmed", without: "lt"), []),
        (transactions("confirmed", without: "body"), []),
        ("{", []),
        ("", []),
    ]

    /// A chain transaction in toncenter's words (a deposit to an account without code, recorded from mainnet).
    private static func transactions(_ finality: String, without member: String = "nothing") -> String {
        let recorded = """
            {"account": "0:D8CA6DD04573304609A70EE5104A8D29090E1FC631B29A8E0411172AAA52885A",
            "hash": "hvl6VoIc42KavTxZiEuH68rqGTPrlryE6RZG4wQENyk=", "lt": "93307000000009", "now": 1785330571,
            "mc_block_seqno": 82744100, "total_fees": "0", "description": {"type": "ord", "aborted": true,
            "credit_first": true, "compute_ph": {"skipped": true, "reason": "no_state"}},
            "in_msg": {"hash": "JA+LIuKFc9zra5+7ZNtetb3USdTSkzmJhENnZH/LJZY=",
            "source": "0:21D6615A74625CA8BEB3C7A5777978A1239EE8148B1DF18C7B8A8A3215523DA0",
            "destination": "0:D8CA6DD04573304609A70EE5104A8D29090E1FC631B29A8E0411172AAA52885A",
            "value": "1000000000", "bounce": false, "bounced": false, "message_content": {
            "hash": "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=", "body": "te6cckEBAQEAAgAAAEysuc0="}},
            "out_msgs": []}
            """
        return """
            {"type": "transactions", "finality": "\(finality)", "trace_external_hash_norm": "YQ==",
            "transactions": [\(recorded.replacing("\"\(member)\"", with: "\"x\""))]}
            """
    }

    @Test("tells of a chain transaction that is confirmed and not final, with what it carries and its trace")
    func seen() throws {
        var reader = EventStreamReader()
        let text = Self.transactions("confirmed").replacing("\n", with: " ")
        let event = try #require(try reader.read(Array("data: \(text)\n\n".utf8)).first)
        guard case .seen(let seen, let trace) = ToncenterStream.news(in: event).first else {
            Issue.record("nothing was seen")
            return
        }
        #expect(trace == "YQ==" && seen.value == 1_000_000_000 && seen.lt == 93_307_000_000_009)
        #expect(seen.account.raw.uppercased() == "0:D8CA6DD04573304609A70EE5104A8D29090E1FC631B29A8E0411172AAA52885A")
        #expect(seen.isAborted && !seen.didExecute && !seen.isBounced && !seen.hasSent)
        #expect(MessageBody(reading: seen.body) == .empty && seen.now == 1_785_330_571)
    }

    @Test("says where to look only by a final change of an account", arguments: told)
    func news(text: String, news: [ToncenterStream.News]) throws {
        var reader = EventStreamReader()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }
        let events = try reader.read(Array((lines.joined() + "\n").utf8))
        #expect(events.count == 1)
        #expect(events.first.map(ToncenterStream.news) == news)
    }

    @Test(
        "may tell so much within a minute, whatever the sizes, and as much again in the next",
        arguments: [1, 2, 3] as [UInt64]
    )
    func budget(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var now = Timestamp(seconds: 1_000)
        var budget = StreamBudget(at: now)
        var (began, bytes, events) = (now, 0, 0)
        for _ in 0..<5_000 {
            now = now.advanced(by: .milliseconds(Int64(random.next() % 40)))
            let (told, count) = (Int(random.next() % 8_000), Int(random.next() % 12))
            if now.since(began) >= .seconds(60) { (began, bytes, events) = (now, 0, 0) }
            (bytes, events) = (bytes + told, events + count)
            let fits = bytes <= StreamBudget.bytesAMinute && events <= StreamBudget.eventsAMinute
            let isTaken = (try? budget.take(bytes: told, events: count, at: now)) != nil
            #expect(isTaken == fits, "seed \(seed)")
            if !fits { now = now.advanced(by: .seconds(60)) }
        }
    }

    @Test("is remembered by few traces, each of few payments, and each ends once")
    func traces() {
        var traces = SightedTraces()
        func key(_ number: Int) -> NaturalKey { NaturalKey("k", "\(number)") }
        for number in 0..<(SightedTraces.most.traces + 5) {
            traces.note([key(number)], of: "\(number)")
            traces.note([key(-number - 1)], of: "\(number)")
        }
        #expect(traces.end("4").isEmpty)
        #expect(traces.end("5") == [key(5), key(-6)])
        #expect(traces.end("5").isEmpty)
        for number in 0..<1_000 { traces.note([key(number)], of: "one") }
        #expect(traces.end("one").count == SightedTraces.most.payments)
    }
}
