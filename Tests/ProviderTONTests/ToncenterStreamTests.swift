import HTTPMessages
import Providers
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
    private static let told: [(String, ToncenterStream.News?)] = [
        (#"{"status": "subscribed"}"#, .subscribed),
        (change("finalized"), (try? TONAddress(account)).map(ToncenterStream.News.moved)),
        (change("confirmed"), nil),
        (change("pending"), nil),
        (change("final"), nil),
        (change("finalized", of: "nowhere"), nil),
        (#"{"type": "trace_invalidated", "trace_external_hash_norm": "YQ=="}"#, nil),
        (#"{"type": "transactions", "finality": "finalized", "transactions": []}"#, nil),
        (#"{"type": "account_state_change", "type": "x", "finality": "finalized"}"#, nil),
        (#"{"status": ["subscribed"]}"#, nil),
        ("{", nil),
        ("", nil),
    ]

    @Test("says where to look only by a final change of an account", arguments: told)
    func news(text: String, news: ToncenterStream.News?) throws {
        var reader = EventStreamReader()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }
        let events = try reader.read(Array((lines.joined() + "\n").utf8))
        #expect(events.count == 1)
        #expect(events.first.flatMap(ToncenterStream.news) == news)
    }
}
