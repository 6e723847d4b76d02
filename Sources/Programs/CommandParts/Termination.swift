import Dispatch
import Glibc

/// Runs something until the process is told to stop.
package enum Termination {
    /// Runs `body`, which is cancelled by SIGTERM and SIGINT, and returns when it has ended.
    ///
    /// Whoever tells that the program is there tells it in `body`: from then on it can be stopped.
    package static func run(_ body: @escaping @Sendable () async -> Void) async {
        let (signals, received) = AsyncStream.makeStream(of: Void.self)
        let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { received.yield() }
            // Until it is registered a signal ends the process, and from then on it is heard: a signal that was ignored
            // meanwhile would be lost.
            source.setRegistrationHandler { registered.yield() }
            source.resume()
            return source
        }
        var waiting = registrations.makeAsyncIterator()
        for _ in sources { await waiting.next() }
        let work = Task { await body() }
        for await _ in signals { break }
        work.cancel()
        await work.value
        for source in sources { source.cancel() }
    }
}
