import Foundation
import Synchronization

/// A thread for long work that nobody is served by yet: it takes all of a processor that is free, and about a tenth of one
/// that those who serve want as well. So do the threads that it starts.
enum BackgroundThread {
    private static let niceness: CInt = 10

    /// Runs the body and waits for it.
    ///
    /// - Parameter givesWay: false where nobody is served yet whom it could keep waiting.
    static func run<Value: Sendable>(
        givesWay: Bool = true, _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        start(givesWay: givesWay) {
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            done.signal()
        }
        done.wait()
        guard let outcome = result.withLock({ $0 }) else { throw CancellationError() }
        return try outcome.get()
    }

    /// Runs the body and waits for nothing.
    static func start(givesWay: Bool = true, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            #if os(Linux)
                // Of this thread alone. Where it cannot be, the work is done all the same. It cannot be taken back
                // without rights, so that the thread ends with the work.
                if givesWay { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
            #endif
            body()
        }
        // As the main thread's.
        thread.stackSize = 8 << 20
        thread.start()
    }
}
