/// What a member of an image's metadata is.
public enum MetadataValue: Sendable, Equatable {
    case null
    case flag(Bool)
    case integer(Int)
    /// Finite.
    case real(Double)
    case text(String)

    /// What a member's values have in common, null aside.
    public enum Kind: String, Sendable {
        case flag = "boolean"
        case number
        case text = "string"
    }

    /// Nil of null.
    public var kind: Kind? {
        switch self {
        case .null: nil
        case .flag: .flag
        case .integer, .real: .number
        case .text: .text
        }
    }

    /// A number as JSON writes one; nil where it is no finite number, or a whole one that 64 bits do not hold: a nearby number
    /// in its place would be found by searches for another.
    public init?(number text: String) {
        if let whole = Int(text) {
            self = .integer(whole)
        } else if text.contains(where: { ".eE".contains($0) }), let real = Double(text), real.isFinite {
            self = .real(real)
        } else {
            return nil
        }
    }

    /// A number of a text field; nil of what JSON would not take for one, such as 007.
    public init?(jsonNumber text: String) {
        guard let value = try? FlatJSON.value(text), value.kind == .number else { return nil }
        self = value
    }

    /// As JSON, the shortest text that reads back as the same value.
    public var json: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let number): number.description
        case .real(let number): number.description
        case .text(let text): "\"\(escapedJSON(text))\""
        }
    }

    /// Of two values of one kind: numbers by size, exactly, whichever form they have; texts by their code points; false before
    /// true. Nil of values of different kinds, and of null.
    func compared(with other: MetadataValue) -> ComparedOrder? {
        switch (self, other) {
        case (.flag(let one), .flag(let other)): ComparedOrder(one ? 1 : 0, other ? 1 : 0)
        case (.integer(let one), .integer(let other)): ComparedOrder(one, other)
        case (.real(let one), .real(let other)): ComparedOrder(one, other)
        case (.integer(let one), .real(let other)): ComparedOrder(one, real: other)
        case (.real(let one), .integer(let other)): ComparedOrder(other, real: one).reversed
        case (.text(let one), .text(let other)): ComparedOrder(texts: one, other)
        default: nil
        }
    }
}

/// How one value lies to another.
enum ComparedOrder: Sendable {
    case less, equal, more

    init<Value: Comparable>(_ one: Value, _ other: Value) { self = one < other ? .less : one == other ? .equal : .more }

    /// A whole number with one that has a fraction, or is too large to be exact as the other's kind.
    init(_ whole: Int, real: Double) {
        let below = real.rounded(.down)
        guard let floor = Int(exactly: below) else {
            self = real > 0 ? .less : .more
            return
        }
        self = whole == floor && below < real ? .less : ComparedOrder(whole, floor)
    }

    /// UTF-8's order is that of code points; Swift's own takes texts for equal that other programs tell apart.
    init(texts one: String, _ other: String) {
        if one.utf8.elementsEqual(other.utf8) {
            self = .equal
        } else {
            self = one.utf8.lexicographicallyPrecedes(other.utf8) ? .less : .more
        }
    }

    var reversed: ComparedOrder {
        switch self {
        case .less: .more
        case .equal: .equal
        case .more: .less
        }
    }
}
