package import Logging
package import Seams

/// Asks the sources periodically; one that fails or hangs does not hold up the others.
package struct RateWorker: Sendable {
    private let feeds: [any RateFeed]
    private let book: RateBook
    private let clock: any WallClock
    private let logger: Logger

    /// A worker that fills a book.
    package init(feeds: [any RateFeed], book: RateBook, clock: any WallClock, logger: Logger) {
        self.feeds = feeds
        self.book = book
        self.clock = clock
        self.logger = logger
    }

    /// Asks all sources once.
    ///
    /// - Returns: why some sources gave no rates.
    @discardableResult
    package func runOnce() async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for feed in feeds {
                group.addTask {
                    do throws(RateFeedError) {
                        book.record(try await feed.read(at: clock.now()), from: feed.name)
                        return nil
                    } catch { return error.description }
                }
            }
            var problems: [String] = []
            for await problem in group { if let problem { problems.append(problem) } }
            for problem in problems { logger.warning("\(problem)") }
            return problems.sorted()
        }
    }

    /// Asks until the task is cancelled.
    package func run(every interval: Duration) async {
        guard !feeds.isEmpty else { return }
        while !Task.isCancelled {
            await runOnce()
            do { try await clock.sleep(for: interval) } catch { return }
        }
    }
}
