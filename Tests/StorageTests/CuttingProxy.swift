import Foundation
import Glibc
import Synchronization

/// A proxy before a PostgreSQL server that cuts the connection when the server confirms a commit.
///
/// The commit has happened, and the program gets no answer.
final class CuttingProxy: Sendable {
    private let listener: Int32
    private let server: String
    /// The folder in which the program finds the proxy's socket.
    let folder: String
    /// How many more confirmations of commits are swallowed.
    let cuts = Mutex(0)

    /// Listens in a folder of its own for connections to the server whose socket lies in `server`.
    init(server: String) throws {
        self.server = server + "/.s.PGSQL.5432"
        folder = NSTemporaryDirectory() + "proxy-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        listener = Self.socket()
        let isListening = Self.withAddress(folder + "/.s.PGSQL.5432") { address, length in
            bind(listener, address, length) == 0 && listen(listener, 16) == 0
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        Thread.detachNewThread { self.acceptAll() }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let upstream = Self.socket()
            guard Self.withAddress(server, { connect(upstream, $0, $1) == 0 }) else {
                close(client)
                close(upstream)
                continue
            }
            let answersDone = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                self.pump(from: upstream, to: client, isAnswer: true)
                answersDone.signal()
            }
            Thread.detachNewThread {
                self.pump(from: client, to: upstream, isAnswer: false)
                // Each descriptor is closed once, when its reader has ended.
                answersDone.wait()
                close(client)
                close(upstream)
            }
        }
    }

    private func pump(from source: Int32, to target: Int32, isAnswer: Bool) {
        defer {
            shutdown(source, Int32(SHUT_RDWR))
            shutdown(target, Int32(SHUT_RDWR))
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            if isAnswer, isConfirmation(buffer[..<count]), takeCut() { return }
            guard send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
        }
    }

    /// Whether the bytes hold the tag of a commit: `CommandComplete` with `COMMIT`.
    private func isConfirmation(_ bytes: ArraySlice<UInt8>) -> Bool {
        let tag: [UInt8] = [UInt8(ascii: "C"), 0, 0, 0, 11] + Array("COMMIT".utf8) + [0]
        return bytes.indices.contains { bytes[$0...].starts(with: tag) }
    }

    private func takeCut() -> Bool {
        cuts.withLock { cuts in
            guard cuts > 0 else { return false }
            cuts -= 1
            return true
        }
    }

    private static func socket() -> Int32 { Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }

    private static func withAddress<Result>(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
