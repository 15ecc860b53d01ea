import CMalloc

/// Gives memory back that a burst left behind: the allocator keeps what thousands of connections or large requests have
/// freed, in case it is needed again.
struct IdleMemory {
    private static let interval = Duration.seconds(30)

    let scheduler: Scheduler

    /// Looks every half minute, while nothing is queued and the engine is free, until the task is cancelled.
    func keepSmall() async {
        while true {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            let status = scheduler.status
            if status.queuedImages == 0, status.busy == nil { malloc_trim(0) }
        }
    }
}
