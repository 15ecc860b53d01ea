/// One dimension of a value: a number, or a symbol that is bound when a plan is made (`batch`, `kept + 1`).
public enum Dimension: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    case fixed(Int)
    case symbol(String, plus: Int)

    public init(integerLiteral value: Int) {
        self = .fixed(value)
    }

    public static func symbol(_ name: String) -> Dimension {
        .symbol(name, plus: 0)
    }

    public static func + (dimension: Dimension, more: Int) -> Dimension {
        switch dimension {
        case .fixed(let value): .fixed(value + more)
        case .symbol(let name, let plus): .symbol(name, plus: plus + more)
        }
    }

    /// The number that the dimension stands for; nil where `bindings` lacks its symbol.
    public func bound(by bindings: [String: Int]) -> Int? {
        switch self {
        case .fixed(let value): value
        case .symbol(let name, let plus): bindings[name].map { $0 + plus }
        }
    }

    public var description: String {
        switch self {
        case .fixed(let value): "\(value)"
        case .symbol(let name, 0): name
        case .symbol(let name, let plus): "\(name)\(plus < 0 ? "" : "+")\(plus)"
        }
    }
}

/// The dimensions of a value, outermost first.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var dimensions: [Dimension]

    public init(_ dimensions: [Dimension]) {
        self.dimensions = dimensions
    }

    public init(arrayLiteral elements: Dimension...) {
        dimensions = elements
    }

    public init(_ sizes: [Int]) {
        dimensions = sizes.map(Dimension.fixed)
    }

    /// The innermost dimension where it is a number.
    public var width: Int? {
        if case .fixed(let value) = dimensions.last { value } else { nil }
    }

    /// The same shape with another innermost dimension.
    public func with(width: Int) -> Shape {
        Shape(dimensions.dropLast() + [.fixed(width)])
    }

    public func bound(by bindings: [String: Int]) -> [Int]? {
        let sizes = dimensions.compactMap { $0.bound(by: bindings) }
        return sizes.count == dimensions.count ? sizes : nil
    }

    public var description: String {
        "[" + dimensions.map(\.description).joined(separator: ", ") + "]"
    }
}
