import Dispatch

/// One thread for all that strangers ask for: what they cost in processor time, they cost each other.
///
/// Questions of Telegram and requests of merchants are worked on by the process's own threads, which nothing of
/// strangers ever occupies.
package final class StrangersExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "settlegate.strangers", qos: .utility)

    /// Runs a piece of work after those that came before it.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Occupies the thread until `body` returns; for tests of what does not wait for it.
    package func occupy(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}
