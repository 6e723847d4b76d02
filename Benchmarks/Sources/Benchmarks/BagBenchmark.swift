import CCeilings
import Cryptography
import Foundation
import TON

/// A bag of cells parsed and every cell hashed.
enum BagBenchmark {
    static func run(rounds: Int, python: String?) throws {
        let bytes = try BagOfCells.serialize([tree()], withChecksum: true)
        let root = try BagOfCells(parsing: bytes)
        let turns = 400
        var product: [Double] = []
        var ceiling: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<turns { _ = try BagOfCells(parsing: bytes) }
            product.append(Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9)
            var hash = [UInt8](repeating: 0, count: 32)
            ceiling.append(ceiling_bag_of_cells(bytes, bytes.count, Int32(turns), &hash))
            precondition(hash == root.roots[0].hash.bytes, "the ceiling computes another hash")
        }
        let cells = Double(root.cellCount * turns)
        let (ours, bare) = (cells / Figures.median(product), cells / Figures.median(ceiling))
        Figures.line(
            "cells parsed and hashed: \(Figures.rounded(ours / bare)) of the bare C reader"
                + " (\(Figures.rounded(ours)) and \(Figures.rounded(bare)) a second, \(root.cellCount) cells)"
        )
        guard let python else { return }
        try compare(bytes, with: "tonpy", turns: turns, python: python, rounds: rounds)
        try compare(bytes, with: "pytoniq-core", turns: 10, python: python, rounds: rounds)
    }

    /// The same bag in base 64, read by us and by a reader for Python.
    private static func compare(_ bytes: [UInt8], with reader: String, turns: Int, python: String, rounds: Int) throws {
        let text = Base64.encode(bytes)
        let root = try BagOfCells.root(ofText: text).hash
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<turns { _ = try BagOfCells.root(ofText: text) }
            ours.append(Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9)
            let script = URL(filePath: #filePath).appending(path: "../../../Foreign/read_bags.py").standardized.path
            let answer = try OtherProgram.output(of: [python, script, "\(turns)", reader], input: text)
            let parts = answer.split(whereSeparator: \.isWhitespace)
            guard parts.count == 2, let seconds = Double(parts[1]), parts[0] == "\(root)" else {
                throw OtherProgram.Failure(reason: "\(reader) reads another bag: \(answer)")
            }
            theirs.append(seconds)
        }
        let ratio = Figures.median(theirs) / Figures.median(ours)
        Figures.line("bags in base 64 parsed and hashed: \(Figures.rounded(ratio)) times as fast as \(reader)")
    }

    /// A tree of some hundred distinct cells.
    private static func tree() throws -> Cell {
        var level = try (0..<256).map { number in
            try Cell.make { builder throws(TONError) in
                try builder.store(uint: UInt64(number), bits: 64)
                try builder.store(bytes: [UInt8](repeating: UInt8(number), count: 60))
            }
        }
        while level.count > 1 {
            level = try stride(from: 0, to: level.count, by: 4).map { start in
                let children = level[start..<min(start + 4, level.count)]
                return try Cell.make { builder throws(TONError) in
                    try builder.store(uint: UInt64(start), bits: 64)
                    for child in children { try builder.store(reference: child) }
                }
            }
        }
        return level[0]
    }
}
