import Foundation
public import Logging
import Synchronization

/// A swift-log handler that writes a line of text or JSON for each event.
///
/// Whatever a client sent that comes into a message or its metadata stays on its line: control characters are escaped
/// in both formats, so that nobody forges a log line.
public struct LineLogHandler: LogHandler {
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    public var logLevel: Logger.Level
    public var metadata = Logger.Metadata()
    public var metadataProvider: Logger.MetadataProvider?

    /// - Parameter write: takes one line with its line feed.
    public init(
        label: String, format: LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.format = format
        self.write = write
        logLevel = level
    }

    /// Writes to standard error.
    public init(label: String, format: LogFormat, level: Logger.Level) {
        self.init(label: label, format: format, level: level) { FileHandle.standardError.write(Data($0.utf8)) }
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
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        let sorted = fields.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        switch format {
        case .text: write(text(event, time, sorted))
        case .json: write(json(event, time, sorted))
        }
    }

    private func text(_ event: LogEvent, _ time: String, _ fields: [(key: String, value: String)]) -> String {
        let fields = fields.map { " \(Self.escaped($0.key))=\(Self.quoted($0.value))" }.joined()
        return "\(time)Z \(event.level) \(label): \(Self.escaped("\(event.message)"))\(fields)\n"
    }

    private func json(_ event: LogEvent, _ time: String, _ fields: [(key: String, value: String)]) -> String {
        let reserved: Set = ["time", "level", "logger", "message"]
        var json = JSONWriter()
        json.object { json in
            json.field("time", time + "Z")
            json.field("level", event.level.rawValue)
            json.field("logger", label)
            json.field("message", "\(event.message)")
            for (key, value) in fields { json.field(reserved.contains(key) ? "_" + key : key, value) }
        }
        return json.text + "\n"
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D }
        return isPlain ? escaped(value) : "\"" + escaped(value, quotes: true) + "\""
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\" where quotes, "\"" where quotes: escaped += "\\\(scalar)"
            case "\n": escaped += "\\n"
            case _
            where scalar.properties.generalCategory == .control
                || scalar.properties.isPatternWhitespace
                    && scalar != " ":
                escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
