import Dispatch
import Glibc

/// Runs something until the process is told to stop.
package enum Termination {
    /// Runs `body`, cancels it at SIGTERM or SIGINT, and returns when it has ended, also by itself.
    ///
    /// From the start of `body` on the process can be stopped this way, so `body` is the place to announce that it is
    /// ready. `whenSlow` is called each time that `patience` has passed, in seconds, and `body` has not ended.
    package static func run(
        patience: Int = 10,
        whenSlow: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () async -> Void
    ) async {
        let (signals, received) = AsyncStream.makeStream(of: Void.self)
        let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { received.yield() }
            // Until the handler is registered a signal ends the process; if it were ignored until then, it would be
            // lost.
            source.setRegistrationHandler { registered.yield() }
            source.resume()
            return source
        }
        var waiting = registrations.makeAsyncIterator()
        for _ in sources { await waiting.next() }
        let work = Task {
            await body()
            received.yield()
        }
        for await _ in signals { break }
        work.cancel()
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + .seconds(patience), repeating: .seconds(patience))
        timer.setEventHandler(handler: whenSlow)
        timer.resume()
        await work.value
        timer.cancel()
        for source in sources { source.cancel() }
    }
}
