import Foundation
import Logging

/// One event of the log, before it is text or JSON.
///
/// Whatever a client sent that comes into a message or its fields stays on its line: control characters are escaped in
/// both formats, so that nobody forges a log line.
struct LogLine: Sendable {
    var level: Logger.Level
    var label: String
    var message: String
    var fields: Logger.Metadata = [:]

    /// With its line feed.
    func written(as format: LogFormat) -> String {
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
        let sorted = fields.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        return format == .text ? text(time, sorted) : json(time, sorted)
    }

    private func text(_ time: String, _ fields: [(key: String, value: String)]) -> String {
        let fields = fields.map { " \(Self.escaped($0.key))=\(Self.quoted($0.value))" }.joined()
        return "\(time) \(level) \(label): \(Self.escaped(message))\(fields)\n"
    }

    private func json(_ time: String, _ fields: [(key: String, value: String)]) -> String {
        let reserved: Set = ["time", "level", "logger", "message"]
        var json = JSONWriter()
        json.object { json in
            json.field("time", time)
            json.field("level", level.rawValue)
            json.field("logger", label)
            json.field("message", message)
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
