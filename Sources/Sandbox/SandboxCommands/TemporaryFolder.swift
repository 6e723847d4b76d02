import Foundation

/// A folder that is deleted after its use.
enum TemporaryFolder {
    static func make() throws -> String {
        let path = NSTemporaryDirectory() + "settlegate-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
