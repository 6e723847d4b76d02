import Foundation
import Glibc
package import Seams

/// The files of a program as a disk holds them: synced bytes are certain, all others may be there or not.
///
/// Without a sync each written sector may be there or not, whatever was written before or after it. Changes of names
/// are kept in their order, and any sync makes the earlier ones certain, as on journaling file systems.
package struct Disk {
    /// The bytes that the disk writes whole or not at all.
    private static let sector = 512

    private struct File {
        var certain: [UInt8]
        var uncertain: [(position: UInt64, change: Change)] = []
    }

    private enum Change {
        case write(offset: Int, bytes: ArraySlice<UInt8>)
        case truncation(size: Int)
    }

    private enum Naming {
        case made(String, Int)
        case renamed(String, String)
        case removed(String)
    }

    /// The differences from the folder that the program began with.
    package struct Image {
        package let files: [String: [UInt8]]
        package let removed: Set<String>
    }

    /// The folder that the program began with, before anything was recorded.
    private let base: String
    /// The path of that folder in the program.
    private let root: String
    private let operations: [OperationLog.Operation]
    private var next = 0
    private var files: [Int: File] = [:]
    /// The files' names as the program sees them, and as the disk has them for certain.
    private var names: [String: Int] = [:]
    private var certainNames: [String: Int] = [:]
    private var uncertainNames: [(position: UInt64, naming: Naming)] = []
    private var touched: Set<String> = []

    /// The disk before the first operation.
    package init(base: String, root: String, operations: [OperationLog.Operation]) {
        self.base = base
        self.root = root
        self.operations = operations
    }

    /// Applies the operations recorded before a position.
    package mutating func advance(to position: UInt64) {
        while next < operations.count, operations[next].position < position {
            apply(operations[next])
            next += 1
        }
    }

    /// A state in which the disk may be when the power is lost now.
    package func image(_ random: inout SeededRandom) -> Image {
        var names = certainNames
        for (_, naming) in uncertainNames.prefix(Int.random(in: 0...uncertainNames.count, using: &random)) {
            Self.apply(naming, to: &names)
        }
        var images: [String: [UInt8]] = [:]
        for (path, number) in names { images[path] = files[number].map { Self.contents($0, &random) } }
        return Image(files: images, removed: touched.subtracting(names.keys))
    }

    /// Writes an image over a copy of the folder that the program began with; its owners and rights are kept.
    package func write(_ image: Image, to folder: String) throws {
        try Self.copy(base, to: folder)
        for path in image.removed { try? FileManager.default.removeItem(atPath: folder + path) }
        var owner = stat()
        guard stat(base, &owner) == 0 else { throw CocoaError(.fileReadNoSuchFile) }
        for (path, bytes) in image.files {
            let place = folder + path
            // Not atomically: a file that is there keeps its owner and its rights.
            try Data(bytes).write(to: URL(fileURLWithPath: place), options: [])
            chmod(place, 0o600)
            chown(place, owner.st_uid, owner.st_gid)
        }
    }

    /// Copies a folder with owners and rights.
    static func copy(_ source: String, to target: String) throws {
        var owner = stat()
        guard lstat(source, &owner) == 0 else { throw CocoaError(.fileReadNoSuchFile) }
        if owner.st_mode & S_IFMT == S_IFDIR {
            guard mkdir(target, 0o700) == 0 else { throw CocoaError(.fileWriteFileExists) }
            for name in try FileManager.default.contentsOfDirectory(atPath: source) {
                try copy(source + "/" + name, to: target + "/" + name)
            }
        } else if owner.st_mode & S_IFMT == S_IFREG {
            try FileManager.default.copyItem(atPath: source, toPath: target)
        }
        chmod(target, owner.st_mode & 0o777)
        chown(target, owner.st_uid, owner.st_gid)
    }

    // MARK: - Recorded operations

    private mutating func apply(_ operation: OperationLog.Operation) {
        guard operation.path.hasPrefix(root) else { return }
        let path = String(operation.path.dropFirst(root.count))
        switch operation.kind {
        case .write(let offset, let bytes):
            let number = number(of: path, at: operation.position)
            guard !bytes.isEmpty else { return }
            files[number]?.uncertain.append((operation.position, .write(offset: offset, bytes: bytes)))
        case .truncation(let size):
            let number = number(of: path, at: operation.position)
            files[number]?.uncertain.append((operation.position, .truncation(size: size)))
        case .sync(let covered): sync(path, covered)
        case .loss: if let number = names[path] { files[number]?.uncertain = [] }
        case .rename(let target):
            let name = String(target.dropFirst(root.count))
            guard known(path) != nil else { return }
            touched.formUnion([path, name])
            add(.renamed(path, name), at: operation.position)
        case .removal:
            guard known(path) != nil else { return }
            touched.insert(path)
            add(.removed(path), at: operation.position)
        }
    }

    private mutating func add(_ naming: Naming, at position: UInt64) {
        Self.apply(naming, to: &names)
        uncertainNames.append((position, naming))
    }

    private static func apply(_ naming: Naming, to names: inout [String: Int]) {
        switch naming {
        case .made(let path, let number): names[path] = number
        case .renamed(let path, let target):
            guard let number = names.removeValue(forKey: path) else { return }
            names[target] = number
        case .removed(let path): names[path] = nil
        }
    }

    /// The file of a name, also of one that the program began with.
    private mutating func known(_ path: String) -> Int? {
        if let number = names[path] { return number }
        guard !touched.contains(path) else { return nil }
        guard let bytes = FileManager.default.contents(atPath: base + path) else { return nil }
        let number = files.count
        files[number] = File(certain: [UInt8](bytes))
        names[path] = number
        certainNames[path] = number
        touched.insert(path)
        return number
    }

    private mutating func number(of path: String, at position: UInt64) -> Int {
        if let number = known(path) { return number }
        let number = files.count
        files[number] = File(certain: [])
        touched.insert(path)
        add(.made(path, number), at: position)
        return number
    }

    private mutating func sync(_ path: String, _ covered: UInt64) {
        while let (position, naming) = uncertainNames.first, position < covered {
            Self.apply(naming, to: &certainNames)
            uncertainNames.removeFirst()
        }
        guard let number = names[path], var file = files[number] else { return }
        files[number] = nil
        let count = file.uncertain.prefix { $0.position < covered }.count
        for (_, change) in file.uncertain.prefix(count) { Self.apply(change, to: &file.certain) { _ in true } }
        file.uncertain.removeFirst(count)
        files[number] = file
    }

    // MARK: - Unsynced changes

    private static func contents(_ file: File, _ random: inout SeededRandom) -> [UInt8] {
        var bytes = file.certain
        // All, none, or some of the sectors, for each file separately, so that one may be ahead of another.
        let share = [0, 0, 250, 500, 900, 1_000].randomElement(using: &random) ?? 0
        for (_, change) in file.uncertain {
            apply(change, to: &bytes) { _ in Int.random(in: 0..<1_000, using: &random) < share }
        }
        return bytes
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8], where isKept: (Int) -> Bool) {
        switch change {
        case .truncation(let size):
            guard isKept(0) else { return }
            if size < bytes.count { bytes.removeLast(bytes.count - size) } else { extend(&bytes, to: size) }
        case .write(let offset, let new):
            var start = offset
            while start < offset + new.count {
                let end = min((start / sector + 1) * sector, offset + new.count)
                if isKept(start) {
                    extend(&bytes, to: end)
                    let source = new.startIndex + (start - offset)
                    bytes.replaceSubrange(start..<end, with: new[source..<(source + end - start)])
                }
                start = end
            }
        }
    }

    private static func extend(_ bytes: inout [UInt8], to count: Int) {
        if bytes.count < count { bytes.append(contentsOf: repeatElement(0, count: count - bytes.count)) }
    }
}
