/// One dimension of a value: a number, or a symbol that is bound when a plan is made (`B`, `K + 1`, `12·B`).
public enum Dimension: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    case fixed(Int)
    /// times · symbol + plus, `times` being other than 0.
    case symbol(String, times: Int, plus: Int)

    public init(integerLiteral value: Int) {
        self = .fixed(value)
    }

    public static func symbol(_ name: String) -> Dimension {
        .symbol(name, times: 1, plus: 0)
    }

    public static func + (dimension: Dimension, more: Int) -> Dimension {
        switch dimension {
        case .fixed(let value): .fixed(value + more)
        case .symbol(let name, let times, let plus): .symbol(name, times: times, plus: plus + more)
        }
    }

    /// The number that the dimension stands for; nil where `bindings` lacks its symbol, or it does not fit an Int.
    public func bound(by bindings: [String: Int]) -> Int? {
        switch self {
        case .fixed(let value): return value
        case .symbol(let name, let times, let plus):
            guard let value = bindings[name] else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: times)
            let (sum, carry) = product.addingReportingOverflow(plus)
            return overflow || carry ? nil : sum
        }
    }

    public var description: String {
        switch self {
        case .fixed(let value): "\(value)"
        case .symbol(let name, let times, let plus):
            (times == 1 ? name : "\(times)·\(name)") + (plus == 0 ? "" : plus < 0 ? "\(plus)" : "+\(plus)")
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
