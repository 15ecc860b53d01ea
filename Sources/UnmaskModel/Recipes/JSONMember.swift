/// A JSON value of any kind, for files whose members have several spellings.
enum JSONMember: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONMember])
    case object([String: JSONMember])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONMember].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONMember].self))
        }
    }

    var isNull: Bool { self == .null }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var object: [String: JSONMember]? { if case .object(let value) = self { value } else { nil } }

    /// A whole number.
    var integer: Int? { number.flatMap { Int(exactly: $0) } }

    /// One number, or a list of them.
    var floats: [Float]? {
        switch self {
        case .number(let value): return [Float(value)]
        case .array(let values):
            let numbers = values.compactMap(\.number).map { Float($0) }
            return numbers.count == values.count ? numbers : nil
        default: return nil
        }
    }

    /// As an error shows it.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
        case .string(let value): "“\(value.prefix(40))”"
        case .array(let values): "[" + values.prefix(4).map(\.summary).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.prefix(4).map { "\($0): \($1.summary)" }.joined(separator: ", ")
                + "}"
        }
    }
}
