/// How a log line is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `2026-01-31T12:00:00.000Z info unmask: message key=value`.
    case text
    /// For collectors: one object a line, with `time`, `level`, `logger`, `message` and the metadata beside them.
    case json
}
