/// Arithmetic with sizes that may be symbols. A symbol stands for a number of at least 1: a batch, or a count of tokens.
///
/// Results are nil where they are no such dimension (a product of two symbols), or do not fit an Int.
extension Dimension {
    private var terms: (symbol: String?, times: Int, plus: Int) {
        switch self {
        case .fixed(let value): (nil, 0, value)
        case .symbol(let name, let times, let plus): (name, times, plus)
        }
    }

    private init(_ symbol: String?, times: Int, plus: Int) {
        if let symbol, times != 0 {
            self = .symbol(symbol, times: times, plus: plus)
        } else {
            self = .fixed(plus)
        }
    }

    /// The number, where no symbol is in it.
    var number: Int? {
        if case .fixed(let value) = self { value } else { nil }
    }

    func adding(_ other: Dimension) -> Dimension? {
        let (a, b) = (terms, other.terms)
        guard a.symbol == nil || b.symbol == nil || a.symbol == b.symbol,
            let times = checkedSum(a.times, b.times), let plus = checkedSum(a.plus, b.plus)
        else { return nil }
        return Dimension(a.symbol ?? b.symbol, times: times, plus: plus)
    }

    func subtracting(_ other: Dimension) -> Dimension? {
        other.multiplied(by: -1).flatMap { adding($0) }
    }

    func multiplied(by other: Dimension) -> Dimension? {
        if number == nil { return other.number == nil ? nil : other.multiplied(by: self) }
        let (factor, b) = (terms.plus, other.terms)
        guard let times = checkedProduct(factor, b.times), let plus = checkedProduct(factor, b.plus) else { return nil }
        return Dimension(b.symbol, times: times, plus: plus)
    }

    /// Rounded towards zero. A symbol's multiple must divide evenly; what is added to it may leave a remainder.
    func divided(by other: Dimension) -> Dimension? {
        let (a, b) = (terms, other.terms)
        guard let divisor = other.number else {
            guard a.symbol == b.symbol, a.times % b.times == 0 else { return nil }
            let quotient = a.times / b.times
            return checkedProduct(quotient, b.plus) == a.plus ? .fixed(quotient) : nil
        }
        guard divisor != 0 else { return nil }
        let (times, overflow) = a.times.dividedReportingOverflow(by: divisor)
        let (plus, carry) = a.plus.dividedReportingOverflow(by: divisor)
        guard !overflow, !carry else { return nil }
        guard a.symbol != nil else { return .fixed(plus) }
        let exact = a.plus % divisor == 0 || (a.times > 0 && a.plus >= 0 && divisor > 0)
        return a.times % divisor == 0 && exact ? Dimension(a.symbol, times: times, plus: plus) : nil
    }

    /// The remainder with the divisor's sign.
    func modulo(_ divisor: Int) -> Dimension? {
        let a = terms
        guard divisor > 0, a.times % divisor == 0 else { return nil }
        let remainder = a.plus % divisor
        return .fixed(remainder < 0 ? remainder + divisor : remainder)
    }

    /// Whether this is less than `other` for all numbers that the symbol may stand for (true), for none (false), or for
    /// some (nil).
    func isLess(than other: Dimension) -> Bool? {
        guard let difference = subtracting(other) else { return nil }
        let (_, times, plus) = difference.terms
        guard let first = checkedSum(times, plus) else { return nil }
        if times == 0 { return plus < 0 }
        if times > 0, first >= 0 { return false }
        if times < 0, first < 0 { return true }
        return nil
    }

    /// Likewise for equality.
    func isEqual(to other: Dimension) -> Bool? {
        if self == other { return true }
        return isLess(than: other) == true || other.isLess(than: self) == true ? false : nil
    }

    func minimum(_ other: Dimension) -> Dimension? {
        isLess(than: other).map { $0 ? self : other } ?? other.isLess(than: self).map { $0 ? other : self }
    }

    func maximum(_ other: Dimension) -> Dimension? {
        isLess(than: other).map { $0 ? other : self } ?? other.isLess(than: self).map { $0 ? self : other }
    }
}

func checkedSum(_ a: Int, _ b: Int) -> Int? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
}

func checkedProduct(_ a: Int, _ b: Int) -> Int? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
}
