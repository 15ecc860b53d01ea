import Foundation

/// Standard output for results, standard error for people.
enum Console {
    static let showsTable = isatty(STDOUT_FILENO) == 1
    private static let showsProgress = isatty(STDERR_FILENO) == 1

    /// One line of results.
    static func result(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// One line for people.
    static func message(_ line: String) {
        write(line + "\n", to: STDERR_FILENO)
    }

    static func warning(_ text: String) {
        message("warning: \(text)")
    }

    /// Replaces the progress line, where standard error is a terminal.
    static func progress(_ text: String) {
        if showsProgress { write("\r\u{1B}[K\(text)", to: STDERR_FILENO) }
    }

    static func endProgress() {
        progress("")
    }

    /// Whole, even where a pipe takes only a part at a time. A reader that has gone away ends the program.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                _Exit(2)
            }
            rest = rest.dropFirst(written)
        }
    }
}
