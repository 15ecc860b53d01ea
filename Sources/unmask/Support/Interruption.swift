import Dispatch
import Foundation
import Synchronization
import UnmaskWeights

/// Lets a command that is interrupted leave no temporary files behind.
enum Interruption {
    private static let sources = Mutex<[any DispatchSourceSignal]>([])

    /// SIGINT, SIGTERM and SIGHUP end the program as they would have, after its temporary files were removed. A signal
    /// that is ignored stays so, as `nohup` wants it.
    static func removesTemporaryFiles() {
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            sources.withLock { sources in
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
                source.setEventHandler { TemporaryPaths.removeAll { die(of: number) } }
                source.resume()
                sources.append(source)
            }
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
