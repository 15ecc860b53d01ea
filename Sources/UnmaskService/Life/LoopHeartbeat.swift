import NIOCore
import Synchronization

/// Lets every event loop say once a second that it turns.
final class LoopHeartbeat: Sendable {
    private let beats: Mutex<[ContinuousClock.Instant]>
    private let tasks = Mutex<[RepeatedTask]>([])

    private let clock: any ServiceClock

    init(_ group: any EventLoopGroup, _ clock: any ServiceClock) {
        self.clock = clock
        let loops = Array(group.makeIterator())
        beats = Mutex(Array(repeating: clock.now, count: loops.count))
        tasks.withLock { tasks in
            tasks = loops.enumerated().map { index, loop in
                loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { [weak self] _ in
                    self?.beats.withLock { $0[index] = clock.now }
                }
            }
        }
    }

    /// The loops that have said nothing for so long.
    func silentLoops(for time: Duration) -> Int {
        let now = clock.now
        return beats.withLock { $0.count { now - $0 > time } }
    }

    func stop() {
        for task in tasks.withLock(\.self) { task.cancel() }
    }
}
