public import Logging
import Synchronization

/// The level of all loggers of a process, which can be changed while it runs.
public final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    public init(_ level: Logger.Level = .info) {
        self.level = Mutex(level)
    }

    public var current: Logger.Level {
        get { level.withLock(\.self) }
        set { level.withLock { $0 = newValue } }
    }

    /// Puts a handler under this level; a level that a logger is given for itself has no effect.
    public func handler(_ handler: any LogHandler) -> any LogHandler {
        LevelledLogHandler(handler: handler, level: self)
    }
}

private struct LevelledLogHandler: LogHandler {
    var handler: any LogHandler
    let level: LogLevel

    init(handler: any LogHandler, level: LogLevel) {
        self.handler = handler
        self.level = level
        self.handler.logLevel = .trace
    }

    var logLevel: Logger.Level {
        get { level.current }
        set {}
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        handler.log(event: event)
    }
}
