internal import Foundation

/// A member of somebody's configuration, whatever its type: of a JSON file, or of a training script's arguments.
indirect enum ConfigurationMember: Sendable, Equatable, Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([ConfigurationMember])
    case object([String: ConfigurationMember])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([ConfigurationMember].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: ConfigurationMember].self))
        }
    }

    /// What a `.pth`'s metadata say, whose values are text.
    init(argument text: String) {
        if text == "true" || text == "false" {
            self = .bool(text == "true")
        } else if let number = Double(text) {
            self = .number(number)
        } else if text.hasPrefix("["), let list = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) {
            self = list
        } else {
            self = .text(text)
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
        case .text(let value): "“\(value.prefix(80))”"
        case .list(let values): "[\(values.prefix(8).map(\.description).joined(separator: ", "))]"
        case .object: "an object"
        }
    }

    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var int: Int? { if case .number(let value) = self { Int(exactly: value) } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }

    /// `[height, width]` of `224`, `[224, 320]`, `[3, 224, 320]` or `224x320`; nil for anything else.
    var size: [Int]? {
        switch self {
        case .number: return int.map { [$0, $0] }
        case .list(let values):
            let sides = values.compactMap(\.int)
            guard sides.count == values.count else { return nil }
            return sides.count == 1 ? sides + sides : (2...3).contains(sides.count) ? Array(sides.suffix(2)) : nil
        case .text(let value):
            let sides = value.lowercased().split(separator: "x").compactMap { Int($0) }
            return sides.count == 1 ? sides + sides : sides.count == 2 ? sides : nil
        default: return nil
        }
    }
}
