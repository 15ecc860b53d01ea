import Synchronization

/// Counts what closures on any thread do.
final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    /// Counts one more, or so many more; how many they are with that.
    @discardableResult
    func add(_ more: Int = 1) -> Int {
        value.withLock { value in
            value += more
            return value
        }
    }
}
