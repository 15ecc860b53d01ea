import NIOCore
import Synchronization

@testable import UnmaskService

/// A clock that stands still until a test moves it.
final class ManualClock: ServiceClock {
    private struct Entry {
        var due: ContinuousClock.Instant
        var ring: @Sendable () -> Void
    }

    private struct State {
        var now = ContinuousClock.now
        var entries: [UInt64: Entry] = [:]
        var lastID: UInt64 = 0
    }

    private struct Handle: Alarm {
        let id: UInt64
        let clock: ManualClock

        func cancel() { clock.state.withLock { $0.entries[id] = nil } }
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock(\.now) }

    /// How many alarms are set and tasks asleep.
    var waiting: Int { state.withLock(\.entries.count) }

    /// Moves the time on, and rings what has become due, in order.
    func advance(by time: Duration) {
        let due = state.withLock { state in
            state.now += time
            let due = state.entries.filter { $0.value.due <= state.now }.sorted { $0.value.due < $1.value.due }
            for (id, _) in due { state.entries[id] = nil }
            return due
        }
        for (_, entry) in due { entry.ring() }
    }

    /// Lets time pass, a step each millisecond, while the body runs.
    func passing<Value>(_ step: Duration, _ body: () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    self.advance(by: step)
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self)
        let alarm = add(deadline) { continuation.finish() }
        for await _ in signal {}
        alarm.cancel()
        try Task.checkCancellation()
    }

    func schedule(
        after delay: Duration, on loop: any EventLoop, _ body: @escaping @Sendable () -> Void
    ) -> any Alarm {
        add(now + delay) { loop.execute(body) }
    }

    private func add(_ due: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> any Alarm {
        let id = state.withLock { state -> UInt64? in
            guard due > state.now else { return nil }
            state.lastID += 1
            state.entries[state.lastID] = Entry(due: due, ring: ring)
            return state.lastID
        }
        if id == nil { ring() }
        return Handle(id: id ?? 0, clock: self)
    }
}
