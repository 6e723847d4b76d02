import Dispatch
import Glibc

/// Runs something until the process is told to stop.
package enum Termination {
    /// Runs `body`, which is cancelled by SIGTERM and SIGINT, and returns when it has ended.
    package static func run(_ body: @escaping @Sendable () async -> Void) async {
        let (signals, received) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { received.yield() }
            source.resume()
            return source
        }
        let work = Task { await body() }
        for await _ in signals { break }
        work.cancel()
        await work.value
        for source in sources { source.cancel() }
    }
}
