import Seams
import Testing

@testable import Webhooks

@Suite("The number of requests that an endpoint may have open")
struct DeliveryWindowTests {
    private typealias Answer = DeliveryWindow.Answer

    /// The sizes after each of some answers to requests that began when the window had its present size and were all
    /// that it allows.
    private func sizes(after answers: [Answer]) -> [Int] {
        var window = DeliveryWindow()
        return answers.map { answer in
            window.note(answer, begunIn: window.round, isFull: true)
            return window.size
        }
    }

    private func quick(_ count: Int) -> [Answer] { [Answer](repeating: .quick, count: count) }

    @Test("grows by one for each quick answer, and is lowered by the others")
    func table() {
        #expect(sizes(after: quick(3)) == [2, 3, 4])
        #expect(sizes(after: [.refusal, .silence, .slow]) == [1, 1, 1])
        #expect(sizes(after: quick(7) + [.slow]).suffix(2) == [8, 4])
        #expect(sizes(after: quick(7) + [.refusal]).suffix(2) == [8, 4])
        #expect(sizes(after: quick(7) + [.silence]).suffix(2) == [8, 1])
        // From half of where it was lowered, it grows by one a round.
        #expect(sizes(after: quick(7) + [.slow] + quick(9)).suffix(10) == [4, 4, 4, 4, 5, 5, 5, 5, 5, 6])
        #expect(sizes(after: quick(7) + [.silence] + quick(7)).suffix(8) == [1, 2, 3, 4, 4, 4, 4, 5])
        #expect(sizes(after: quick(500)).last == DeliveryWindow.most)
    }

    @Test("is lowered once for all requests that were open, and does not grow by them")
    func once() {
        var window = DeliveryWindow()
        for _ in 0..<31 { window.note(.quick, begunIn: 0, isFull: true) }
        for _ in 0..<32 { window.note(.refusal, begunIn: 0, isFull: true) }
        #expect(window.size == 16 && window.round == 1 && !window.isDown)
        for _ in 0..<32 { window.note(.quick, begunIn: 0, isFull: true) }
        #expect(window.size == 16)
    }

    @Test("does not grow by requests that leave some of it unused")
    func unused() {
        var window = DeliveryWindow()
        for _ in 0..<100 { window.note(.quick, begunIn: 0, isFull: false) }
        #expect(window.size == 1)
    }

    @Test("stays between one and its limit, and an endpoint counts as down only after a failure", arguments: 0..<200)
    func laws(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var window = DeliveryWindow()
        for _ in 0..<2_000 {
            let before = window
            let answer = random.next() % 40 == 0 ? Answer.allCases[Int(random.next() % 4)] : .quick
            let begun = window.round - Int(random.next() % 8 == 0 ? 1 : 0)
            window.note(answer, begunIn: begun, isFull: random.next() % 3 != 0)
            #expect((1...DeliveryWindow.most).contains(window.size), "seed \(seed)")
            #expect(window.size <= before.size + 1, "seed \(seed)")
            let isLowered = answer != .quick && begun == before.round
            #expect(isLowered || window.size >= before.size, "seed \(seed): lowered by \(answer)")
            #expect(!isLowered || window.size <= max(1, before.size / 2), "seed \(seed): kept after \(answer)")
            #expect(!window.isDown || (window.size == 1 && [.refusal, .silence].contains(answer)), "seed \(seed)")
        }
    }
}
