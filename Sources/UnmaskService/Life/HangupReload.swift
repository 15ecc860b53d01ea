public import ServiceLifecycle
import UnixSignals

/// Reloads at SIGHUP. A program adds it to its service group beside the server; a library must not take a process's
/// signals by itself.
public struct HangupReload: Service {
    private let reloader: Reloader

    public init(_ reloader: Reloader) {
        self.reloader = reloader
    }

    public func run() async {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reloader.reload() }
    }
}
