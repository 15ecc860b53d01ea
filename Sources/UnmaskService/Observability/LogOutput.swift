import Dispatch
import Foundation
import Logging
import Synchronization

/// Where the log of a process goes: a bounded queue, and one thread that writes it to a descriptor.
///
/// Nothing that happens to the descriptor reaches those who log. Where nobody reads the pipe, where its reader is gone or
/// the disk is full, lines wait, then are dropped and counted by reason; once it can be written again, the log says how
/// many are missing. Warnings and errors are limited for each kind and peer (`RepeatLimiter`).
public final class LogOutput: Sendable {
    private struct State {
        var queue: LogQueue
        var limiter = RepeatLimiter()
        var drops: [LogDrop: Int] = [:]
        /// What the last write met; nil where it succeeded, or has not ended.
        var obstacle: LogDrop?
        var isClosing = false
    }

    /// Of lines that wait; as many may be on their way at the same time.
    static let queueBytes = 1 << 20
    private static let label = "unmask"
    private static let retryMilliseconds: CInt = 200

    /// Ours, a duplicate; -1 where there is none.
    private let descriptor: CInt
    private let format: LogFormat
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - descriptor: is duplicated. Its flags are left alone: other processes may have it too.
    ///   - format: of what the log says of itself, and of all lines.
    public convenience init(descriptor: CInt, format: LogFormat) {
        self.init(descriptor: descriptor, format: format, queueBytes: Self.queueBytes) { ContinuousClock.now }
    }

    init(
        descriptor: CInt, format: LogFormat, queueBytes: Int, now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.format = format
        self.now = now
        state = Mutex(State(queue: LogQueue(maximumBytes: queueBytes)))
        let thread = Thread { [self] in run() }
        thread.name = "log"
        thread.start()
    }

    /// Takes a line as it is, with its line feed.
    public func write(text: String) {
        let isFirst = state.withLock { state in
            let isFirst = state.queue.isEmpty
            if !state.queue.append(text) { state.drops[state.obstacle ?? .unread, default: 0] += 1 }
            return isFirst
        }
        if isFirst { wake.signal() }
    }

    func write(_ line: LogLine) {
        var line = line
        if line.level >= .warning {
            switch admit(line) {
            case .suppressed: return
            case .admitted(suppressed: 0): break
            case .admitted(let suppressed): line.fields["suppressed"] = "\(suppressed)"
            }
        }
        write(text: line.written(as: format))
    }

    /// Writes what waits, and lets the thread end. Nothing is to be logged after that.
    ///
    /// - Parameter time: how long to wait for it; whatever cannot be written by then is lost.
    public func close(atMost time: Duration) {
        state.withLock { $0.isClosing = true }
        wake.signal()
        _ = ended.wait(timeout: .now() + .microseconds(Int(time.microseconds)))
    }

    var drops: [LogDrop: Int] { state.withLock(\.drops) }

    var metrics: MetricFamily {
        let drops = drops
        return MetricFamily(
            name: "unmask_log_lines_dropped_total", help: "Lines that did not come into the log, by reason.",
            kind: .counter,
            samples: LogDrop.allCases.map { reason in
                .init(
                    labels: [MetricLabel(name: "reason", value: reason.rawValue)], value: Double(drops[reason] ?? 0))
            })
    }

    private func admit(_ line: LogLine) -> RepeatLimiter.Verdict {
        func field(_ name: String) -> String { line.fields[name].map { " \($0)" } ?? "" }
        let key = RepeatLimiter.Key(
            kind: line.message + field("type"), peer: line.fields["peer"].map { "\($0)" } ?? "")
        let now = now()
        let (verdict, isFirst) = state.withLock { state in
            let hadUntold = state.limiter.hasUntold
            let verdict = state.limiter.admit(key, at: now)
            if verdict == .suppressed { state.drops[.repeated, default: 0] += 1 }
            return (verdict, !hadUntold && state.limiter.hasUntold)
        }
        // The thread is to look from time to time whether it can be told.
        if isFirst { wake.signal() }
        return verdict
    }

    // MARK: The thread

    private func run() {
        Self.blockSignalsOfWriting()
        defer {
            if descriptor >= 0 { Glibc.close(descriptor) }
            ended.signal()
        }
        while true {
            tellSuppressed()
            let (entries, isClosing, hasUntold) = state.withLock {
                ($0.queue.takeAll(), $0.isClosing, $0.limiter.hasUntold)
            }
            for entry in entries {
                guard deliver(entry) else { return }
            }
            guard entries.isEmpty else { continue }
            if isClosing { return }
            _ = wake.wait(timeout: hasUntold ? .now() + .seconds(1) : .distantFuture)
        }
    }

    /// A closed pipe or a file beyond its limit is an error of `write` then, not the end of the process.
    private static func blockSignalsOfWriting() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        sigaddset(&signals, SIGXFSZ)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private func tellSuppressed() {
        let now = now()
        for (key, suppressed) in state.withLock({ $0.limiter.takeUntold(at: now) }) {
            var fields: Logger.Metadata = ["kind": "\(key.kind)", "suppressed": "\(suppressed)"]
            if !key.peer.isEmpty { fields["peer"] = "\(key.peer)" }
            let line = LogLine(level: .warning, label: Self.label, message: "repeated lines left out", fields: fields)
            write(text: line.written(as: format))
        }
    }

    /// Tries until it is written.
    ///
    /// - Returns: false where it cannot be and the log is being closed.
    private func deliver(_ entry: LogQueue.Entry) -> Bool {
        var rest = Array(text(of: entry).utf8)[...]
        while true {
            let obstacle = write(&rest)
            let isClosing = state.withLock { state in
                state.obstacle = obstacle
                return state.isClosing
            }
            guard obstacle != nil else { return true }
            guard !isClosing else { return false }
            wait(for: obstacle)
        }
    }

    /// Until another try may succeed.
    private func wait(for obstacle: LogDrop?) {
        var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // A descriptor that has failed counts as ready, so that only one that would block is worth polling.
        poll(&interest, obstacle == .unread ? 1 : 0, Self.retryMilliseconds)
    }

    private func text(of entry: LogQueue.Entry) -> String {
        switch entry {
        case .line(let text): return text
        case .dropped(let count):
            let message = count == 1 ? "1 line dropped" : "\(count) lines dropped"
            return LogLine(level: .warning, label: Self.label, message: message).written(as: format)
        }
    }

    /// Takes away what was written, so that a line that was torn by a full disk is finished later.
    ///
    /// - Returns: why it is not all; nil where it is.
    private func write(_ rest: inout ArraySlice<UInt8>) -> LogDrop? {
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written == 0 || errno != EINTR {
                return written == 0 ? .failed : LogDrop(code: errno)
            }
        }
        return nil
    }
}
