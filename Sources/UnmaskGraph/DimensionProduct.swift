/// A count of elements as a product of dimensions: a number times symbolic factors without a common divisor
/// (B·197·768 is 151296 times B), so that equal factors of two counts cancel.
struct DimensionProduct: Equatable {
    private(set) var number = 1
    /// Each factor that has a symbol, and how often.
    private(set) var factors: [Dimension: Int] = [:]

    /// Nil where the number overflows.
    init?(_ dimensions: some Sequence<Dimension>) {
        for dimension in dimensions {
            guard multiply(by: dimension) else { return nil }
        }
    }

    private mutating func multiply(by dimension: Dimension) -> Bool {
        switch dimension {
        case .fixed(let value):
            guard let product = checkedProduct(number, value) else { return false }
            number = product
        case .symbol(let name, let times, let plus):
            let divisor = greatestCommonDivisor(times, plus)
            guard divisor > 0, let product = checkedProduct(number, divisor) else { return false }
            number = product
            factors[.symbol(name, times: times / divisor, plus: plus / divisor), default: 0] += 1
        }
        return true
    }

    /// The one dimension that times `other` makes this product; nil where there is none.
    func divided(by other: DimensionProduct) -> Dimension? {
        guard other.number != 0, number % other.number == 0 else { return nil }
        var left = factors
        for (factor, count) in other.factors {
            guard let found = left[factor], found >= count else { return nil }
            left[factor] = found == count ? nil : found - count
        }
        let quotient = Dimension.fixed(number / other.number)
        guard let factor = left.first else { return quotient }
        return left.count == 1 && factor.value == 1 ? factor.key.multiplied(by: quotient) : nil
    }

    /// The product as one dimension; nil where it has two symbols.
    var dimension: Dimension? { DimensionProduct([]).flatMap { divided(by: $0) } }
}

extension Shape {
    /// Whether the numbers among the dimensions, times those that multiply symbols, stay within the limits of `Tensor`, as
    /// all shapes of a graph must.
    public func isCountable(_ type: ElementType) -> Bool {
        for case .symbol(_, let times, let plus) in dimensions {
            guard times.magnitude <= Tensor.mostBytes, plus.magnitude <= Tensor.mostBytes else { return false }
        }
        let counted = dimensions.filter { $0 != 0 } + [.fixed(type.byteCount)]
        return DimensionProduct(counted).map {
            $0.number <= (dimensions.contains(0) ? Tensor.mostEmptyBytes : Tensor.mostBytes)
        } ?? false
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a.magnitude, b.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    return Int(exactly: a) ?? 0
}
