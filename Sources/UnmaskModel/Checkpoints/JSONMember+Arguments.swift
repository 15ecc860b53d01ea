internal import Foundation

extension JSONMember {
    /// What a training script's argument says, of which a file's metadata have the text.
    init(argument text: String) {
        if text == "true" || text == "false" {
            self = .bool(text == "true")
        } else if let number = Double(text) {
            self = .number(number)
        } else if text.hasPrefix("["), let list = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) {
            self = list
        } else {
            self = .string(text)
        }
    }

    /// `[height, width]` of `224`, `[224, 320]`, `[3, 224, 320]` or `224x320`; nil for anything else.
    var size: [Int]? {
        switch self {
        case .number: return integer.map { [$0, $0] }
        case .array(let values):
            let sides = values.compactMap(\.integer)
            guard sides.count == values.count else { return nil }
            return sides.count == 1 ? sides + sides : (2...3).contains(sides.count) ? Array(sides.suffix(2)) : nil
        case .string(let value):
            let sides = value.lowercased().split(separator: "x").compactMap { Int($0) }
            return sides.count == 1 ? sides + sides : sides.count == 2 ? sides : nil
        default: return nil
        }
    }
}
