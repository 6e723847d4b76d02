import Foundation
import Payments
import StoragePostgreSQL

/// Durable credits on a PostgreSQL that is some milliseconds away, with many books and with one, by one gateway and by two.
enum BooksBenchmark {
    private static let merchants = 1_000
    /// How long a question and its answer are under way, in milliseconds.
    private static let delay = 5

    static func run(settings: String, python: String, rounds: Int, credits: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/bench-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard let place = settings.split(separator: " ").first(where: { $0.hasPrefix("host=/") })?.dropFirst(5) else {
            throw OtherProgram.Failure(reason: "the server has to listen on a socket in a folder")
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("delaying-proxy.py").path
        let proxy = try DelayingProxy([python, script, String(place), folder, "\(delay)"])
        defer { proxy.end() }
        var times: [String: [Double]] = [:]
        for round in 0..<rounds {
            for books in [1, 16] {
                let name = "books_\(books)_\(round)"
                _ = try OtherProgram.output(of: ["psql", "-q", "-c", "CREATE DATABASE \(name)", settings])
                let place = "\(settings) dbname=\(name)"
                let far = place.replacingOccurrences(of: "host=\(folderOf(settings))", with: "host=\(folder)")
                let filling = try await Desk(merchants: merchants, on: PostgresDatabase(settings: place, books: books))
                let references = try await filling.openInvoices(2 * credits)
                await filling.close()
                let first = try await Desk(merchants: merchants, on: PostgresDatabase(settings: far), node: 2)
                let second = try await Desk(merchants: merchants, on: PostgresDatabase(settings: far), node: 3)
                let (alone, together) = (Array(references[..<credits]), Array(references[credits...]))
                times["one gateway, \(books)", default: []].append(
                    try await Figures.seconds { _ = try await CreditBenchmark.concurrently(first, alone) }
                )
                let half = credits / 2
                times["two gateways, \(books)", default: []].append(
                    try await Figures.seconds {
                        async let left = CreditBenchmark.concurrently(first, Array(together[..<half]))
                        async let right = CreditBenchmark.concurrently(second, Array(together[half...]))
                        _ = try await (left, right)
                    }
                )
                await first.close()
                await second.close()
            }
        }
        func rate(_ name: String) -> Double { Double(credits) / Figures.median(times[name] ?? []) }
        let (one, many) = (rate("one gateway, 1"), rate("one gateway, 16"))
        let (oneOfTwo, manyOfTwo) = (rate("two gateways, 1"), rate("two gateways, 16"))
        Figures.line(
            "durable credits on a PostgreSQL \(delay) ms away, 16 books: \(Figures.rounded(many / one)) of one book"
                + " (\(Figures.rounded(many)) and \(Figures.rounded(one)) a second)"
        )
        Figures.line(
            "the same by two gateways: \(Figures.rounded(manyOfTwo / many)) of one gateway with 16 books,"
                + " \(Figures.rounded(oneOfTwo / one)) with one book (\(Figures.rounded(manyOfTwo)) and"
                + " \(Figures.rounded(oneOfTwo)) a second)"
        )
    }

    private static func folderOf(_ settings: String) -> String {
        settings.split(separator: " ").first { $0.hasPrefix("host=") }.map { String($0.dropFirst(5)) } ?? ""
    }
}

/// A way to a server that takes its time.
private final class DelayingProxy {
    private let process = Process()
    private let input = Pipe()

    /// Starts it, and waits until it listens.
    init(_ command: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        guard !output.fileHandleForReading.availableData.isEmpty else {
            throw OtherProgram.Failure(reason: "the delaying proxy does not listen")
        }
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
