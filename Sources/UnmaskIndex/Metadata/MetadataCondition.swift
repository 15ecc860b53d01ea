/// What an image's metadata has to be: `year>=2020`, `label=cat`, `label in cat,dog`.
///
/// An image that lacks the member, or has null there, fulfils no condition but `member=null`.
public struct MetadataCondition: Sendable, Equatable {
    public enum Comparison: String, Sendable, CaseIterable {
        // Longer ones first: they are looked for in this order.
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case equal = "="
        case less = "<"
        case more = ">"
        case isIn = "in"

        func holds(_ order: ComparedOrder) -> Bool {
            switch self {
            case .equal, .isIn: order == .equal
            case .notEqual: order != .equal
            case .less: order == .less
            case .more: order == .more
            case .atMost: order != .more
            case .atLeast: order != .less
            }
        }
    }

    public let member: String
    public let comparison: Comparison
    /// One; of `in` at least one.
    public let values: [MetadataValue]
    /// Of `in`: each is compared with each value that images have.
    public static let mostValues = 256

    /// Reads `MEMBER OPERATOR VALUE`, with spaces around the operator or without.
    ///
    /// A value that is a JSON number, string, true, false or null is that; any other is text as it stands. A member's name that
    /// has an operator in it stands in quotation marks, as JSON has them; so does a value of `in` that has a comma.
    public init(_ text: String) throws(MetadataProblem) {
        guard let (member, comparison, rest) = Self.parts(text) else {
            throw MetadataProblem(
                "“\(text)” is no condition: expected a member, one of = != < <= > >= or in, and a value, such as year>=2020, "
                    + "label=cat or label in cat,dog")
        }
        let texts = comparison == .isIn ? try Self.pieces(rest) : [rest]
        guard texts.count <= Self.mostValues else {
            throw MetadataProblem("“\(member) in” of \(texts.count) values: expected at most \(Self.mostValues)")
        }
        self.member = try Self.name(member)
        self.comparison = comparison
        values = try texts.map { text throws(MetadataProblem) in try Self.value(text) }
        guard !self.member.isEmpty, ![.equal, .notEqual].contains(comparison) else { return }
        for value in values {
            let isOrdered = value.kind == .number || value.kind == .text
            guard comparison == .isIn || isOrdered else {
                throw MetadataProblem(
                    "“\(text)”: \(value.json) is neither more nor less than anything: compare by = or !=")
            }
        }
    }

    private static func parts(_ text: String) -> (String, Comparison, String)? {
        var start = text.startIndex
        if text.drop(while: \.isWhitespace).first == "\"" {
            // The operator is behind the name's closing mark.
            var (isEscaped, marks) = (false, 0)
            start = text.endIndex
            for index in text.indices {
                if text[index] == "\"", !isEscaped { marks += 1 }
                isEscaped = text[index] == "\\" && !isEscaped
                if marks == 2 {
                    start = text.index(after: index)
                    break
                }
            }
        }
        let places: [(Range<String.Index>, Comparison)] = Comparison.allCases.compactMap { comparison in
            let sign = comparison == .isIn ? " in " : comparison.rawValue
            return text[start...].firstRange(of: sign).map { ($0, comparison) }
        }
        // The first in the text; of two there the longer, which comes first among the cases.
        guard let first = places.map(\.0.lowerBound).min(),
            let found = places.first(where: { $0.0.lowerBound == first })
        else { return nil }
        let member = trimmed(text[..<found.0.lowerBound])
        guard !member.isEmpty else { return nil }
        return (member, found.1, trimmed(text[found.0.upperBound...]))
    }

    private static func name(_ text: String) throws(MetadataProblem) -> String {
        guard text.hasPrefix("\"") else { return text }
        guard case .text(let name) = try FlatJSON.value(text) else { return text }
        return name
    }

    private static func value(_ text: String) throws(MetadataProblem) -> MetadataValue {
        if text.hasPrefix("\"") {
            guard let value = try FlatJSON.value(text) else { return .text(text) }
            return value
        }
        let isJSON = ["true", "false", "null"].contains(text) || text.first.map { $0 == "-" || $0.isNumber } ?? false
        if isJSON, let value = try? FlatJSON.value(text) { return value }
        return .text(text)
    }

    /// The values of `in`: separated by commas that do not stand in quotation marks.
    private static func pieces(_ text: String) throws(MetadataProblem) -> [String] {
        var pieces = [""]
        var (isQuoted, isEscaped) = (false, false)
        for character in text {
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = character == "\\" && !isEscaped
            if character == ",", !isQuoted { pieces.append("") } else { pieces[pieces.count - 1].append(character) }
        }
        guard !isQuoted else { throw MetadataProblem("“\(text)”: a quotation mark is not closed") }
        return pieces.map { trimmed($0[...]) }
    }

    private static func trimmed(_ text: Substring) -> String {
        let rest = text.drop(while: \.isWhitespace)
        return String(rest.prefix(rest.count - rest.reversed().prefix(while: \.isWhitespace).count))
    }

    /// Whether an image with this value there fulfils it.
    func holds(for value: MetadataValue) -> Bool {
        values.contains { wanted in
            if wanted == .null { return (value == .null) == (comparison != .notEqual) }
            return value.compared(with: wanted).map(comparison.holds) ?? false
        }
    }
}
