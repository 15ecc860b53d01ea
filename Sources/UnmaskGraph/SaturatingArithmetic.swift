/// A product of counts that stays at the largest integer where it would overflow: for amounts of work and memory that are
/// only compared with limits. Factors are not negative.
public func saturatingProduct(_ factors: some Sequence<Int>) -> Int {
    factors.reduce(1) { product, factor in checkedProduct(product, factor) ?? (factor == 0 ? 0 : Int.max) }
}

public func saturatingProduct(_ factors: Int...) -> Int { saturatingProduct(factors) }

/// Likewise a sum.
public func saturatingSum(_ terms: some Sequence<Int>) -> Int {
    terms.reduce(0) { checkedSum($0, $1) ?? Int.max }
}

public func saturatingSum(_ terms: Int...) -> Int { saturatingSum(terms) }
