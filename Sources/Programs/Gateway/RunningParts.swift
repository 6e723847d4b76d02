import Synchronization

/// The parts of the gateway's work that have begun and not ended, by name.
final class RunningParts: Sendable {
    private let names = Mutex<[String]>([])

    /// The names of the parts that have not ended, in the order in which they began.
    var all: [String] { names.withLock { $0 } }

    /// Does a part; it counts as running until it returns.
    func run(_ name: String, _ body: () async throws -> Void) async rethrows {
        names.withLock { $0.append(name) }
        defer {
            names.withLock { names in
                if let index = names.firstIndex(of: name) { names.remove(at: index) }
            }
        }
        try await body()
    }
}
