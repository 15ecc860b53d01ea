/// How a value's elements lie in another value, its base, of which it was made by movement alone: reshapes, transposes,
/// slices and selections. Two chains of movements that do the same have the same layout, however they are spelled.
///
/// As in CuTe's layout algebra (NVIDIA CUTLASS, `media/docs/cpp/cute/01_layout.md`), a dimension is a list of factors;
/// here each factor steps along one axis of the base, so that symbolic sizes need no products.
struct Layout: Equatable {
    /// `size` steps of `stride` along one axis of the base. Sizes of 1 are left out.
    struct Factor: Equatable {
        var axis: Int
        var size: Dimension
        var stride: Int
    }

    let base: ValueID
    /// By axis of the base: the index of the first element.
    private(set) var offsets: [Int]
    /// Each dimension's factors, outermost first.
    private(set) var dimensions: [[Factor]]
    /// What the elements were multiplied by on the way.
    private(set) var scale: Double = 1
    /// How far the scale may be from what the exporter meant, as a share of it.
    private(set) var scaleTolerance: Float = 3e-7

    /// The base itself.
    init(_ base: ValueID, shape: Shape) {
        self.base = base
        offsets = Array(repeating: 0, count: shape.rank)
        dimensions = shape.dimensions.enumerated().map { axis, size in
            size == 1 ? [] : [Factor(axis: axis, size: size, stride: 1)]
        }
    }

    var factors: [Factor] { dimensions.flatMap { $0 } }

    /// With the elements multiplied by a number.
    /// - Parameter tolerance: what the number's storage rounds away.
    func multiplied(by number: Double, tolerance: Float) -> Layout {
        var result = self
        result.scale *= number
        result.scaleTolerance = scaleTolerance + tolerance
        return result
    }

    /// Whether the elements are all of the base's, in its order.
    func isWhole(of shape: Shape) -> Bool {
        offsets.allSatisfy { $0 == 0 } && Layout.coalesced(factors) == Layout(base, shape: shape).factors
    }

    /// The same elements in the same order under another shape; nil where a factor would have to be cut unevenly.
    func reshaped(to shape: Shape) -> Layout? {
        var result = self
        var left = factors
        result.dimensions = []
        for target in shape.dimensions {
            var missing = target
            var found: [Factor] = []
            while missing != 1 {
                guard let factor = left.first else { return nil }
                left.removeFirst()
                if let rest = missing.exactly(dividedBy: factor.size) {
                    found.append(factor)
                    missing = rest
                } else if let inner = factor.size.exactly(dividedBy: missing)?.number {
                    found.append(Factor(axis: factor.axis, size: missing, stride: factor.stride * inner))
                    left.insert(Factor(axis: factor.axis, size: .fixed(inner), stride: factor.stride), at: 0)
                    missing = 1
                } else {
                    return nil
                }
            }
            result.dimensions.append(Layout.coalesced(found))
        }
        return left.isEmpty ? result : nil
    }

    func transposed(_ order: [Int]) -> Layout? {
        guard order.sorted() == Array(dimensions.indices) else { return nil }
        var result = self
        result.dimensions = order.map { dimensions[$0] }
        return result
    }

    /// Elements from `start` on along a dimension; nil where the dimension is of several factors.
    func sliced(_ dimension: Int, from start: Int, count: Dimension) -> Layout? {
        guard dimensions.indices.contains(dimension), start >= 0 else { return nil }
        var result = self
        guard let factor = dimensions[dimension].first else { return start == 0 && count == 1 ? self : nil }
        guard dimensions[dimension].count == 1, let distance = checkedProduct(start, factor.stride),
            let offset = checkedSum(offsets[factor.axis], distance)
        else { return nil }
        result.offsets[factor.axis] = offset
        result.dimensions[dimension] =
            count == 1 ? [] : [Factor(axis: factor.axis, size: count, stride: factor.stride)]
        return result
    }

    /// Without a dimension of which one element is taken.
    func selecting(_ index: Int, of dimension: Int) -> Layout? {
        guard var result = sliced(dimension, from: index, count: 1) else { return nil }
        result.dimensions.remove(at: dimension)
        return result
    }

    /// Neighbours that step through one axis evenly become one factor.
    static func coalesced(_ factors: [Factor]) -> [Factor] {
        var result: [Factor] = []
        for factor in factors {
            if let outer = result.last, outer.axis == factor.axis, let inner = factor.size.number,
                outer.stride == inner * factor.stride, let size = outer.size.multiplied(by: factor.size)
            {
                result[result.count - 1] = Factor(axis: factor.axis, size: size, stride: factor.stride)
            } else {
                result.append(factor)
            }
        }
        return result
    }
}

extension Dimension {
    /// The quotient where nothing is left over.
    func exactly(dividedBy other: Dimension) -> Dimension? {
        guard let quotient = divided(by: other), quotient.multiplied(by: other) == self else { return nil }
        return quotient
    }
}
