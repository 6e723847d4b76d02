import Providers
import Seams
import Testing

@testable import Settlement

@Suite("How many numbers of a wallet may wait for a block")
struct LaneWindowTests {
    private let lane = Lane("lane", limit: 40)

    private func view(_ taken: Int64, shown: Set<Int64> = []) -> LaneView {
        LaneView(decidedBelow: 0, takenBelow: taken, keptBelow: taken, shown: shown)
    }

    @Test("is one until a block shows a request of this process, and then as many as the lane allows")
    func opens() {
        let windows = LaneWindows()
        #expect(windows.width(of: lane) == 1)
        windows.sign([5], in: lane)
        #expect(windows.unseen(in: lane) == [5])
        _ = windows.take(view(5), of: lane, asked: [5], dropped: false)
        #expect(windows.width(of: lane) == 1)
        _ = windows.take(view(6, shown: [5]), of: lane, asked: [5], dropped: false)
        #expect(windows.width(of: lane) == 40 && windows.unseen(in: lane).isEmpty)
        #expect(windows.firstWaiting(in: lane) == 6)
    }

    @Test("stays one by requests that an earlier process has signed: a copy of the database has them too")
    func earlierProcess() {
        let windows = LaneWindows()
        _ = windows.take(view(9, shown: [5, 6, 7, 8]), of: lane, asked: [], dropped: false)
        #expect(windows.width(of: lane) == 1)
        windows.prove(8, in: lane)
        #expect(windows.width(of: lane) == 1)
    }

    @Test("is one again when a number was taken and no node shows our request, or the wallet is held")
    func closes() {
        let windows = LaneWindows()
        windows.sign([5], in: lane)
        _ = windows.take(view(6, shown: [5]), of: lane, asked: [5], dropped: false)
        windows.sign([6, 7], in: lane)
        _ = windows.take(view(8, shown: [6]), of: lane, asked: [6, 7], dropped: false)
        #expect(windows.width(of: lane) == 1 && windows.unseen(in: lane) == [7])
        // The node has lagged: the request is ours after all.
        _ = windows.take(view(8, shown: [7]), of: lane, asked: [7], dropped: false)
        #expect(windows.width(of: lane) == 40)
        windows.sign([8], in: lane)
        windows.close(lane)
        #expect(windows.width(of: lane) == 1 && windows.unseen(in: lane).isEmpty)
    }

    @Test("halves when nodes drop requests, and grows by one with each that a block shows")
    func halves() {
        let windows = LaneWindows()
        windows.sign([0], in: lane)
        _ = windows.take(view(1, shown: [0]), of: lane, asked: [0], dropped: false)
        windows.sign([1, 2, 3], in: lane)
        _ = windows.take(view(1), of: lane, asked: [1, 2, 3], dropped: true)
        #expect(windows.width(of: lane) == 20)
        _ = windows.take(view(4, shown: [1, 2, 3]), of: lane, asked: [1, 2, 3], dropped: false)
        #expect(windows.width(of: lane) == 23)
    }

    @Test("is never more than the lane allows and never less than one", arguments: 1...20 as ClosedRange<UInt64>)
    func law(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        func below(_ limit: Int64) -> Int64 { Int64(random.next() % UInt64(limit)) }
        let lane = Lane("lane", limit: Int(1 + below(40)))
        let windows = LaneWindows()
        var (taken, signed, hasShown): (Int64, Int64, Bool) = (0, 0, false)
        for _ in 0..<300 {
            let unseen = windows.unseen(in: lane)
            switch below(5) {
            case 0: windows.close(lane)
            case 1:
                windows.sign([signed], in: lane)
                signed += 1
            default:
                taken = min(signed, taken + below(4))
                let shown = unseen.filter { $0 < taken && below(4) > 0 }
                hasShown = hasShown || !shown.isEmpty
                _ = windows.take(view(taken, shown: shown), of: lane, asked: unseen, dropped: below(4) == 0)
            }
            #expect((1...lane.limit).contains(windows.width(of: lane)), "seed \(seed)")
            #expect(hasShown || windows.width(of: lane) == 1, "seed \(seed)")
        }
    }
}
