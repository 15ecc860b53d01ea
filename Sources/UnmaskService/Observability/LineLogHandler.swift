public import Logging

/// A swift-log handler that makes a line of text or JSON of each event.
public struct LineLogHandler: LogHandler {
    private let label: String
    private let take: @Sendable (LogLine) -> Void

    public var logLevel: Logger.Level
    public var metadata = Logger.Metadata()
    public var metadataProvider: Logger.MetadataProvider?

    /// - Parameter write: takes one line with its line feed.
    public init(
        label: String, format: LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.init(label: label, level: level) { write($0.written(as: format)) }
    }

    /// Lines of all the handlers of one output share its queue and its limits.
    public init(label: String, level: Logger.Level, output: LogOutput) {
        self.init(label: label, level: level) { output.write($0) }
    }

    private init(label: String, level: Logger.Level, take: @escaping @Sendable (LogLine) -> Void) {
        self.label = label
        self.take = take
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let given = event.metadata { fields.merge(given) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        take(LogLine(level: event.level, label: label, message: "\(event.message)", fields: fields))
    }
}
