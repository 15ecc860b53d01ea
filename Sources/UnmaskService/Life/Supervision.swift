import Logging

/// Keeps the service manager informed while the server runs.
struct Supervision: Sendable {
    let notifier: SystemdNotifier
    /// What is wrong with the service; empty where it is healthy.
    let problems: @Sendable () -> [String]
    let logger: Logger

    func began(_ addresses: [BoundAddress]) {
        notifier.send(.ready, .status("listening on \(addresses.map(\.description).joined(separator: ", "))"))
    }

    func ending() {
        notifier.send(.stopping, .status("finishing what is in flight"))
    }

    /// Feeds the watchdog until the task is cancelled, and only while the service is healthy: a worker that is wedged
    /// lets systemd restart it.
    func feedWatchdog() async {
        guard let interval = notifier.watchdogInterval else { return }
        while !Task.isCancelled {
            let problems = problems()
            if problems.isEmpty {
                notifier.send(.watchdog)
            } else {
                logger.error("unhealthy", metadata: ["problems": "\(problems.joined(separator: "; "))"])
                notifier.send(.status(problems.joined(separator: "; ")))
            }
            try? await Task.sleep(for: interval)
        }
    }
}
