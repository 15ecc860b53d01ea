internal import Foundation
internal import Synchronization

/// Something that is computed once, on a thread of its own, so that nobody waits for it before it is needed.
package final class BackgroundValue<Value: Sendable>: Sendable {
    private enum State {
        case idle, computing
        case known(Value)
    }

    private let compute: @Sendable () -> Value
    private let state = Mutex(State.idle)
    private let done = DispatchGroup()

    package init(_ compute: @escaping @Sendable () -> Value) {
        self.compute = compute
    }

    /// Returns at once.
    package func begin() {
        let isFirst = state.withLock { state in
            guard case .idle = state else { return false }
            state = .computing
            done.enter()
            return true
        }
        guard isFirst else { return }
        // A queue's threads may all be busy waiting for this one.
        Thread { [self] in
            let value = compute()
            state.withLock { $0 = .known(value) }
            done.leave()
        }.start()
    }

    /// Waits for it.
    package var value: Value {
        begin()
        done.wait()
        if case .known(let value) = state.withLock({ $0 }) { return value }
        return compute()
    }
}
