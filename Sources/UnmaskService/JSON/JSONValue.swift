/// A parsed JSON value.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number as it was written, so that an `id` goes back unchanged and no integer is rounded.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The exact integer, if this is one (`3`, not `3.0`) and it fits.
    var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The nearest double, if this is a number within its range.
    var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// What this is, for error messages; long values are cut.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .number(let text): text.count > 24 ? "the number \(text.prefix(24))…" : text
        case .string(let text): text.utf8.count > 24 ? "\"\(text.prefix(24))…\"" : "\"\(text)\""
        case .array(let values): "an array of \(values.count)"
        case .object: "an object"
        }
    }
}
