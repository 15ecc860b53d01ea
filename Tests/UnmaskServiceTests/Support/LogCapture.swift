import Logging
import Synchronization

@testable import UnmaskService

/// Keeps everything that is logged, from trace on.
final class LogCapture: Sendable {
    private let captured = Mutex<[String]>([])

    var lines: [String] { captured.withLock(\.self) }
    var text: String { lines.joined() }

    func logger(_ format: LogFormat = .json) -> Logger {
        Logger(label: "test") { label in
            LineLogHandler(label: label, format: format, level: .trace) { line in
                self.captured.withLock { $0.append(line) }
            }
        }
    }
}
