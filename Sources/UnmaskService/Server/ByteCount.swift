import Synchronization

/// Bytes that a connection makes the server hold.
final class ByteCount: Sendable {
    private let bytes = Atomic<Int>(0)

    var current: Int { bytes.load(ordering: .relaxed) }

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    func remove(_ count: Int) { bytes.subtract(count, ordering: .relaxed) }
}
