import Foundation
import Logging
import Synchronization
import UnmaskImage
import UnmaskWeights

/// Standard output for results, standard error for people.
enum Console {
    static let showsTable = isatty(STDOUT_FILENO) == 1
    private static let showsProgress = isatty(STDERR_FILENO) == 1
    private static let logger = Mutex<Logger?>(nil)

    /// A descriptor that is closed or cannot be written is an error to be told then, not a signal; and no file that is
    /// opened takes its number.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free; writing to it fails.
            _ = open("/dev/null", O_RDONLY)
        }
        DecodingLibraries.silence()
    }

    /// From now on what is for people goes into the log: a service waits for nobody who reads it.
    static func sendMessages(to logger: Logger) {
        self.logger.withLock { $0 = logger }
    }

    /// One line of results. Where it cannot be written, the program says so and ends: nothing could be done.
    static func result(_ line: String) {
        guard let code = write(line + "\n", to: STDOUT_FILENO) else { return }
        let reason = [EPIPE, EBADF].contains(code) ? "it was closed" : String(cString: strerror(code))
        message("error: standard output: \(reason)")
        TemporaryPaths.removeAll { Outcome.end(Outcome.nothingDone) }
    }

    /// One line for people.
    static func message(_ line: String) {
        if let logger = logger.withLock(\.self) { return logger.notice("\(line)") }
        // There is nowhere to say that people cannot be told.
        _ = write(line + "\n", to: STDERR_FILENO)
    }

    static func warning(_ text: String) {
        if let logger = logger.withLock(\.self) { return logger.warning("\(text)") }
        message("warning: \(text)")
    }

    /// Replaces the progress line, where standard error is a terminal.
    static func progress(_ text: String) {
        if showsProgress { _ = write("\r\u{1B}[K\(text)", to: STDERR_FILENO) }
    }

    static func endProgress() {
        progress("")
    }

    /// Whole, even where a pipe takes only a part at a time.
    ///
    /// - Returns: the `errno` of what stood in the way; nil where everything was written.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0, errno == EAGAIN {
                // Another process has made the pipe non-blocking.
                var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&interest, 1, -1)
            } else if written == 0 || errno != EINTR {
                return written == 0 ? EIO : errno
            }
        }
        return nil
    }
}
