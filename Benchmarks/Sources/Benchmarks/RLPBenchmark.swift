import BigInt
import CCeilings
import EVM

/// RLP read strictly, and logs read as transfers.
enum RLPBenchmark {
    static func run(rounds: Int) throws {
        let items = (0..<200).map { number -> RLPItem in
            .list([.uint64(UInt64(number)), .bytes([UInt8](repeating: 7, count: 20)), .list([.bytes([UInt8(number)])])])
        }
        let bytes = RLPItem.list(items).encoded
        let turns = 400
        var (product, ceiling): ([Double], [Double]) = ([], [])
        var count: Int32 = 0
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<turns { _ = try DecodedRLP(bytes) }
            product.append(Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9)
            ceiling.append(ceiling_rlp(bytes, bytes.count, Int32(turns), &count))
        }
        let total = Double(Int(count) * turns)
        let (ours, bare) = (total / Figures.median(product), total / Figures.median(ceiling))
        Figures.line(
            "RLP items read: \(Figures.rounded(ours / bare)) of a C reader that keeps a copy of each"
                + " (\(Figures.rounded(ours)) and \(Figures.rounded(bare)) a second)"
        )
        try logs()
    }

    private static func logs() throws {
        let party = try EVMHash(bytes: [UInt8](repeating: 0, count: 12) + [UInt8](repeating: 5, count: 20))
        let log = try EVMLog(
            address: EVMAddress(bytes: [UInt8](repeating: 1, count: 20)),
            topics: [ERC20Transfer.topic, party, party],
            data: [UInt8](repeating: 0, count: 31) + [9]
        )
        let turns = 200_000
        var total = BigUInt(0)
        let start = ContinuousClock.now
        for _ in 0..<turns { total += try ERC20Transfer(log).amount }
        let took = Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9
        precondition(total == BigUInt(9 * turns), "a log was read wrong")
        Figures.line("transfer logs read: \(Figures.rounded(Double(turns) / took)) a second")
    }
}
