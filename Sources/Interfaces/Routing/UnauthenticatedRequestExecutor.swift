import Dispatch

/// One thread for all strangers' requests, so that their processor time is taken only from other strangers.
///
/// Telegram's queries and merchants' requests run on the process's own threads, which strangers never occupy.
package final class UnauthenticatedRequestExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "settlegate.strangers", qos: .utility)

    /// Runs a piece of work after those that came before it.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Occupies the thread until `body` returns; tests show with it what does not wait for strangers.
    package func occupy(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}
