import Glibc

/// Why a line did not come into the log: the label of `unmask_log_lines_dropped_total`.
enum LogDrop: String, CaseIterable, Sendable {
    /// Nobody reads the pipe or the terminal, or not fast enough.
    case unread
    case noSpace = "no_space"
    /// The reader of the pipe is gone.
    case closed
    case failed
    /// Like too many others: `RepeatLimiter`.
    case repeated

    /// - Parameter code: the `errno` of `write`.
    init(code: CInt) {
        switch code {
        case EAGAIN: self = .unread
        case ENOSPC, EDQUOT, EFBIG: self = .noSpace
        case EPIPE, ECONNRESET: self = .closed
        default: self = .failed
        }
    }
}
