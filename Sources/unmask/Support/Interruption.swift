import Dispatch
import Foundation
import Synchronization
import UnmaskWeights

/// Lets a command that is interrupted leave no temporary files behind.
enum Interruption {
    private static let sources = Mutex<[Int32: any DispatchSourceSignal]>([:])

    /// SIGINT, SIGTERM and SIGHUP end the program as they would have, after its temporary files were removed. A signal
    /// that is ignored stays so, as `nohup` wants it.
    static func removesTemporaryFiles() {
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            handle(number) { TemporaryPaths.removeAll { die(of: number) } }
        }
    }

    /// From now on the first SIGINT or SIGTERM makes this pipe readable, and a command that watches it ends by itself. A second
    /// one ends the program as before.
    ///
    /// - Returns: the end to read, which is never closed.
    static func isTold() throws -> Int32 {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw ValidationFailure("a pipe cannot be made: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (readable, writable) = (ends[0], ends[1])
        for number in [SIGINT, SIGTERM] where sources.withLock({ $0[number] != nil }) {
            handle(number) {
                removesTemporaryFiles()
                _ = write(writable, "x", 1)
            }
        }
        return readable
    }

    private static func handle(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
        sources.withLock { sources in
            sources[number]?.cancel()
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
            source.setEventHandler(handler: body)
            source.resume()
            sources[number] = source
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// So that whoever started the program sees which signal ended it.
    private static func die(of number: Int32) -> Never {
        signal(number, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(number)
        _Exit(128 + number)
    }
}
