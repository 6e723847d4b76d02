import FixtureTON
import Money
import Payments
import Providers
import Seams
import TON
import Testing

@testable import ProviderTON

@Suite("A TON scan that has read what is not on the chain")
struct TONRevisionTests {
    @Test("goes back after ten minutes to the newest place that is, gives up what came after it, and reads on")
    func goesBack() async throws {
        let nodes = try TwoNodes()
        try nodes.pay("first")
        let first = try await nodes.page(nodes.coin, after: nil)
        try nodes.wait(10)
        try nodes.invent("invented")
        let lie = try await nodes.page(nodes.coin, after: first.position)
        #expect(lie.pays("invented"))
        nodes.becomeHonest()
        try nodes.pay("second")
        let refused = try #require(await nodes.refusal(nodes.coin, after: lie.position))
        #expect(refused.code == .gap && refused.reason.contains("ten minutes"), "\(refused)")
        try nodes.wait(599)
        #expect(await nodes.refusal(nodes.coin, after: lie.position)?.code == .gap)
        try nodes.wait(1)
        let back = try await nodes.page(nodes.coin, after: lie.position)
        #expect(back.position == first.position && back.observations.isEmpty && back.hasMore)
        // What ends before the invented payment may end, and nothing that ends later.
        #expect(back.completeUntil == Timestamp(seconds: 1_800_000_000))
        let revised = try #require(back.revisedAccount)
        #expect(revised.doubt == .failed && revised.since == back.completeUntil)
        #expect(lie.keys.allSatisfy(revised.hasLost))
        let rest = try await nodes.page(nodes.coin, after: back.position)
        #expect(rest.pays("second") && rest.revisedAccount == nil)
        #expect(!(first.keys + rest.keys).contains(where: revised.hasLost))
        // It is over: the next contradiction is given its time again.
        try nodes.invent("again")
        let again = try await nodes.page(nodes.coin, after: rest.position)
        nodes.becomeHonest()
        try nodes.pay("third")
        #expect(await nodes.refusal(nodes.coin, after: again.position)?.code == .gap)
    }

    @Test(
        "goes back as well when the node is behind what it has shown, and for many invented ones",
        arguments: [1, 12]
    )
    func behind(count: Int) async throws {
        let nodes = try TwoNodes()
        for number in 0..<20 { try nodes.pay("\(number)") }
        let first = try await nodes.page(nodes.coin, after: nil)
        for number in 0..<count {
            var invention = FixtureTON.Invention()
            invention.ahead = 900_000_000_000
            try nodes.invent("invented \(number)", invention)
        }
        let lie = try await nodes.page(nodes.coin, after: first.position)
        #expect(lie.paid.count == count)
        nodes.becomeHonest()
        #expect(await nodes.refusal(nodes.coin, after: lie.position)?.code == .lagging)
        try nodes.wait(600)
        let back = try await nodes.page(nodes.coin, after: lie.position)
        let revised = try #require(back.revisedAccount)
        #expect(lie.keys.allSatisfy(revised.hasLost) && !first.keys.contains(where: revised.hasLost))
        try nodes.pay("real")
        let rest = try await nodes.page(nodes.coin, after: back.position)
        #expect(rest.paid.last == "rea1" && rest.paid.count <= 14)
    }

    @Test("forgets a contradiction as soon as the history joins up, and begins anew when the node shows a third one")
    func patience() async throws {
        let nodes = try TwoNodes()
        let (position, known) = try await nodes.paidTwice()
        var instead = FixtureTON.Invention()
        instead.instead = 1
        // It lies for nine minutes, is honest for a moment, and lies again.
        for _ in 0..<2 {
            try nodes.invent("invented", instead)
            #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
            try nodes.wait(540)
            #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
            nodes.becomeHonest()
            #expect(try await nodes.page(nodes.coin, after: known).position == known)
        }
        // It invents something else each time.
        for number in 0..<3 {
            nodes.becomeHonest()
            try nodes.invent("invented \(number)", instead)
            #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
            try nodes.wait(540)
        }
        // What stays as it is, and only grows, is believed in the end.
        try nodes.invent("and another")
        try nodes.wait(60)
        let back = try await nodes.page(nodes.coin, after: known)
        #expect(back.position == position && back.revisedAccount != nil)
    }

    @Test("never goes back without one of the other nodes, where there are any")
    func witnesses() async throws {
        let nodes = try TwoNodes(hasWitness: true)
        let (first, known) = try await nodes.paidTwice()
        var instead = FixtureTON.Invention()
        instead.instead = 1
        try nodes.invent("invented", instead)
        for _ in 0..<4 {
            let refused = await nodes.refusal(nodes.coin, after: known)
            #expect(refused?.code == .gap, "\(String(describing: refused))")
            try nodes.wait(3_600)
        }
        var away = FixtureTON.Faults()
        away.failures = 3
        nodes.other.set(away)
        #expect(await nodes.refusal(nodes.coin, after: known)?.reason.contains("one of the other nodes") == true)
        // Both have the same, and the other is ahead: then it is the chain.
        nodes.other.set(.init())
        nodes.becomeHonest()
        for chain in [nodes.node, nodes.other] {
            try chain.invent(1_000_000_000, to: nodes.wallet, comment: "invented", by: "mallory", instead)
        }
        try nodes.other.invent(1_000_000_000, to: nodes.wallet, comment: "later", by: "mallory")
        #expect(await nodes.refusal(nodes.coin, after: known)?.code == .gap)
        try nodes.wait(600)
        let back = try await nodes.page(nodes.coin, after: known)
        #expect(back.position == first && back.revisedAccount?.doubt == .all)
    }

    @Test("goes back as soon as another node shows the same, however far each of them is")
    func honestWitness() async throws {
        let nodes = try TwoNodes(hasWitness: true)
        try nodes.pay("first")
        let first = try await nodes.page(nodes.coin, after: nil).position
        var ahead = FixtureTON.Invention()
        ahead.ahead = 900_000_000_000
        try nodes.invent("invented", ahead)
        let lie = try await nodes.page(nodes.coin, after: first)
        nodes.becomeHonest()
        #expect(await nodes.refusal(nodes.coin, after: lie.position)?.code == .lagging)
        try nodes.wait(600)
        #expect(try await nodes.page(nodes.coin, after: lie.position).position == first)
        // The witness is a payment ahead of the node.
        try nodes.other.pay(1_000_000_000, to: nodes.wallet, comment: "second", by: "alice")
        try nodes.other.settle()
        #expect(try await nodes.page(nodes.coin, after: lie.position).position == first)
    }

    @Test("keeps what other accounts have, and the account's own that is still there, by whatever key")
    func twoAccounts() async throws {
        let nodes = try TwoNodes()
        try nodes.pay("coins")
        try nodes.payJettons("jettons")
        let coins = try await nodes.page(nodes.coin, after: nil)
        let jettons = try await nodes.page(nodes.jetton, after: nil)
        #expect(coins.keys.count >= 2 && jettons.pays("jettons"))
        try nodes.node.inventJettons(7, of: nodes.master, to: nodes.wallet, comment: "invented", by: "mallory")
        let lie = try await nodes.page(nodes.jetton, after: jettons.position)
        #expect(lie.pays("invented"))
        nodes.becomeHonest()
        try nodes.payJettons("later")
        // The coins are read on all the time.
        let more = try await nodes.page(nodes.coin, after: coins.position)
        #expect(await nodes.refusal(nodes.jetton, after: lie.position)?.code == .gap)
        try nodes.wait(600)
        let back = try await nodes.page(nodes.jetton, after: lie.position)
        let revised = try #require(back.revisedAccount)
        #expect(lie.keys.allSatisfy(revised.hasLost))
        let parts = lie.keys.map { NaturalKey(stored: "\($0.text) payment 1") }
        #expect(parts.allSatisfy(revised.hasLost))
        #expect(!(coins.keys + more.keys + jettons.keys).contains(where: revised.hasLost))
        #expect(try await nodes.page(nodes.jetton, after: back.position).pays("later"))
        #expect(try await nodes.page(nodes.coin, after: more.position).revisedAccount == nil)
    }

    @Test("goes back to the beginning of an account of which all was invented, also while nothing has come to it")
    func beginning() async throws {
        for comesLater in [false, true] {
            let nodes = try TwoNodes()
            try nodes.invent("invented")
            let lie = try await nodes.page(nodes.coin, after: nil)
            #expect(lie.pays("invented"))
            nodes.becomeHonest()
            if comesLater { try nodes.pay("real") }
            #expect(await nodes.refusal(nodes.coin, after: lie.position)?.code == (comesLater ? .gap : .lagging))
            try nodes.wait(600)
            let back = try await nodes.page(nodes.coin, after: lie.position)
            #expect(back.completeUntil == Timestamp(seconds: 0))
            #expect(lie.keys.allSatisfy(try #require(back.revisedAccount).hasLost))
            if !comesLater { try nodes.pay("real") }
            #expect(try await nodes.page(nodes.coin, after: back.position).pays("real"))
        }
    }

    @Test("stays where it is when the chain has nothing of what was read: it may be another chain")
    func otherChain() async throws {
        let nodes = try TwoNodes()
        try nodes.pay("first")
        let position = "5:\(String(repeating: "ab", count: 32))"
        for _ in 0..<3 {
            let refused = await nodes.refusal(nodes.coin, after: position)
            #expect(refused?.code == .gap && refused?.reason.contains("which chain") == true)
            try nodes.wait(3_600)
        }
    }

    @Test("reads nothing whose time runs backwards: what came after a moment would not be found any more")
    func time() async throws {
        let nodes = try TwoNodes()
        try nodes.pay("first")
        let position = try await nodes.page(nodes.coin, after: nil).position
        try nodes.wait(100)
        var invention = FixtureTON.Invention()
        invention.earlier = 3_600
        try nodes.invent("invented", invention)
        for start in [nil, position] {
            let refused = await nodes.refusal(nodes.coin, after: start)
            #expect(refused?.code == .gap && refused?.reason.contains("older") == true)
        }
        nodes.becomeHonest()
        #expect(try await nodes.page(nodes.coin, after: position).position == position)
    }

    @Test("undoes what is real when the node lies for long, and has the same payments again when it is honest")
    func liesOnceMore() async throws {
        let nodes = try TwoNodes()
        try nodes.pay("first")
        let first = try await nodes.page(nodes.coin, after: nil).position
        try nodes.pay("real")
        let real = try await nodes.page(nodes.coin, after: first)
        var instead = FixtureTON.Invention()
        instead.instead = 1
        try nodes.invent("invented", instead)
        _ = await nodes.refusal(nodes.coin, after: real.position)
        try nodes.wait(600)
        let back = try await nodes.page(nodes.coin, after: real.position)
        #expect(real.keys.allSatisfy(try #require(back.revisedAccount).hasLost))
        let lie = try await nodes.page(nodes.coin, after: back.position)
        #expect(lie.pays("invented"))
        nodes.becomeHonest()
        _ = await nodes.refusal(nodes.coin, after: lie.position)
        try nodes.wait(600)
        let home = try await nodes.page(nodes.coin, after: lie.position)
        #expect(lie.keys.allSatisfy(try #require(home.revisedAccount).hasLost))
        let again = try await nodes.page(nodes.coin, after: home.position)
        #expect(again.observations == real.observations && again.position == real.position)
    }

    @Test("forgets what became of requests, and that one was taken only when a second node agrees")
    func requests() throws {
        let nodes = try TwoNodes()
        try nodes.pay("first")
        let evidence = try #require(nodes.node.history(of: nodes.wallet).first)
        for isAgreed in [false, true] {
            let requests = FoundRequests()
            let now = nodes.clock.now()
            requests.remember(.taken(.init(asked: [], sent: [], fees: 0, evidence: evidence)), of: "taken", at: now)
            requests.remember(.expired(at: now), of: "expired", at: now)
            requests.forget(alsoTaken: isAgreed)
            #expect(requests.search("expired", at: now) == nil)
            #expect((requests.search("taken", at: now) == nil) == isAgreed)
        }
    }
}
