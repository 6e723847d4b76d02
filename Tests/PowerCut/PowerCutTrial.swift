import CPowerCut
import Foundation
import Glibc
import Seams

/// A recorded load, and the disks that a loss of power may leave.
package struct PowerCutTrial {
    /// The folder of the trial; in memory where possible, because the log decides what a disk keeps.
    package let folder: String
    /// The programs' operations on their files.
    package let log: OperationLog
    /// The programs' files.
    package var data: String { folder + "/data" }
    /// The files before anything was recorded.
    private var base: String { folder + "/base" }

    /// A trial in a new folder, with nothing in it.
    package init() throws {
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        let parent = isThere ? memory : FileManager.default.temporaryDirectory.path
        folder = parent + "/settlegate-power-cut-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        log = try OperationLog(file: folder + "/log")
        // The server that writes it runs as another user.
        chmod(folder + "/log", 0o666)
    }

    /// Takes the current files as those before the load.
    package func begin() throws { try Disk.copy(data, to: base) }

    /// Cuts the power `cuts` times, at random moments and directly after answers.
    ///
    /// - Returns: the losses that `reopen` finds, given the files and the log position at which the power was cut.
    package func losses(
        _ credits: Credits,
        cuts: Int,
        seed: UInt64,
        reopen: (_ place: String, _ position: UInt64) async throws -> [String]
    ) async throws -> [String] {
        var random = SeededRandom(seed: seed)
        let (start, end) = (UInt64(POWERCUT_START), log.position)
        let answers = credits.acknowledged.map(\.position)
        let positions = (0..<cuts).map { number in
            let answer = answers.randomElement(using: &random)
            return number.isMultiple(of: 2) ? answer ?? end : UInt64.random(in: start...end, using: &random)
        }
        var disk = Disk(base: base, root: data, operations: try log.operations())
        var losses: [String] = []
        for (number, position) in positions.sorted().enumerated() {
            disk.advance(to: position)
            let place = folder + "/image\(number)"
            try disk.write(disk.image(&random), to: place)
            defer { try? FileManager.default.removeItem(atPath: place) }
            do {
                losses += try await reopen(place, position).map { "seed \(seed), cut \(number): \($0)" }
            } catch { losses.append("seed \(seed), cut \(number): it does not open: \(error)") }
        }
        return losses
    }

    /// Removes everything.
    package func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
