extension Inference {
    static func resize(_ operands: OperandFacts, _ resize: Resize) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let rank = x.shape.rank
        guard x.type != .bool else { throw operands.mismatch("it cannot resize truth values") }
        let axes =
            try resize.axes.map { (axes) throws(GraphError) in try operands.distinct(axes, rank: rank) }
            ?? Array(0..<rank)
        if resize.coordinates == .cropAndResize {
            guard let roi = operands.optional(1), roi.floats?.elements.count == 2 * axes.count else {
                throw operands.unknown("its region (operand 1) must be \(2 * axes.count) known numbers")
            }
        }
        var shape = x.shape
        let sizes = try sizes(operands, resize, axes)
        for (axis, size) in zip(axes, sizes) {
            guard size.isLess(than: 1) != true || shape.dimensions[axis] == 0 || size == 0,
                shape.dimensions[axis] != 0 || size == 0
            else { throw operands.mismatch("it cannot resize \(x.shape) to \(Shape(sizes))") }
            shape.dimensions[axis] = size
        }
        return Fact(shape: shape, type: x.type.atRunTime)
    }

    private static func sizes(
        _ operands: OperandFacts, _ resize: Resize, _ axes: [Int]
    ) throws(GraphError) -> [Dimension] {
        let x = try operands.required(0).shape
        if operands.optional(3) != nil, try operands.required(3).shape != [0] {
            let sizes = try operands.list(3, "the sizes")
            guard sizes.count == axes.count else { throw operands.mismatch("\(sizes.count) sizes for \(x)") }
            guard resize.aspectRatio != .stretch else { return sizes }
            let old = try axes.map { (axis) throws(GraphError) in try operands.number(x.dimensions[axis], "a size") }
            let new = try operands.numbers(3, "the sizes")
            guard let kept = ResizeAxis.keepingAspect(old, new, resize.aspectRatio)?.sizes else {
                throw operands.mismatch("it cannot resize \(old) to \(new)")
            }
            return kept.map(Dimension.fixed)
        }
        guard let scales = try operands.required(2).floats?.elements else {
            throw operands.unknown("the scales (operand 2) are known only when the graph runs")
        }
        guard scales.count == axes.count else { throw operands.mismatch("\(scales.count) scales for \(x)") }
        return try zip(axes, scales).map { (axis, scale) throws(GraphError) in
            let size = x.dimensions[axis]
            if scale == 1 { return size }
            guard scale > 0, scale.isFinite else { throw operands.mismatch("scale \(scale) is not positive") }
            let scaled = Double(try operands.number(size, "a dimension that is scaled")) * Double(scale)
            guard let new = Int(exactly: scaled.rounded(.down)) else {
                throw operands.mismatch("scale \(scale) is too large")
            }
            return .fixed(new)
        }
    }
}
