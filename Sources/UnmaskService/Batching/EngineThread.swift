import NIOPosix

/// The thread of the forward passes, and of the task that feeds it: between two batches that task would else wait for
/// Swift's own threads behind the answers of the first.
final class EngineThread: TaskExecutor {
    private let pool = NIOThreadPool(numberOfThreads: 1)

    func start() { pool.start() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func shutDown() async {
        // Ending twice is the only way to fail.
        try? await pool.shutdownGracefully()
    }
}
