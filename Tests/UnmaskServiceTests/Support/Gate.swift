import Foundation
import Testing

/// Holds threads back until it is opened, and tells when one has come.
final class Gate: Sendable {
    private let condition = NSCondition()
    private nonisolated(unsafe) var isOpen = false
    private nonisolated(unsafe) var waiting = 0

    func wait() {
        condition.withLock {
            waiting += 1
            while !isOpen { condition.wait() }
            waiting -= 1
        }
    }

    func open() {
        condition.withLock {
            isOpen = true
            condition.broadcast()
        }
    }

    func close() { condition.withLock { isOpen = false } }

    var hasWaiter: Bool { condition.withLock { waiting > 0 } }
}

/// Waits until something holds; fails the test where it never does, after a time that only a hang reaches.
func eventually(
    _ holds: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    for _ in 0..<24_000 {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("did not happen within two minutes", sourceLocation: sourceLocation)
}
