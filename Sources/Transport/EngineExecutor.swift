/// Runs tasks on an engine's thread, between the rounds of its transfers: a task that mostly waits for answers then goes
/// on where its answer arrives, without a switch of threads. What runs here must not block.
///
/// After the engine's end the jobs go to the global pool, so that no task is left standing.
final class EngineExecutor: TaskExecutor {
    private let mailbox: EngineMailbox

    init(mailbox: EngineMailbox) { self.mailbox = mailbox }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if !mailbox.post(job) { globalConcurrentExecutor.enqueue(job) }
    }

    /// On the engine's thread.
    func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }
}
