import NIOCore

/// Whether the service is alive: every event loop turns, and the worker makes progress or has nothing to do.
struct HealthMonitor: Sendable {
    let scheduler: Scheduler
    let heartbeat: LoopHeartbeat
    /// What a batch may take, or an image's preparation without a sign of life, before the worker counts as wedged.
    let stall: Duration

    /// What is wrong; empty where the service is healthy.
    var problems: [String] {
        let status = scheduler.status
        var problems: [String] = []
        if status.isStalled(after: stall) {
            problems.append(
                "the worker has made no progress for \(status.sinceProgress.microseconds / 1_000_000) s with "
                    + "\(status.queuedImages) images queued")
        }
        let silent = heartbeat.silentLoops(for: max(stall, .seconds(3)))
        if silent > 0 { problems.append("\(silent) event loops do not turn") }
        return problems
    }
}
