extension Inference {
    static func reduce(
        _ operands: OperandFacts, _ reduction: Reduction, keepAxes: Bool, emptyIsNone: Bool
    ) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        guard x.type != .bool || reduction == .maximum || reduction == .minimum else {
            throw operands.mismatch("it cannot reduce truth values")
        }
        let given = try operands.axes(1, rank: x.shape.rank) ?? []
        let axes = given.isEmpty && !emptyIsNone ? Array(0..<x.shape.rank) : given
        return Fact(shape: x.shape.reduced(axes, keep: keepAxes), type: x.type.atRunTime)
    }

    static func argument(_ operands: OperandFacts, axis: Int, keepAxes: Bool) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        guard x.shape.dimensions[axis] != 0 else { throw operands.mismatch("axis \(axis) is empty") }
        return Fact(shape: x.shape.reduced([axis], keep: keepAxes), type: .i64)
    }

    static func topK(_ operands: OperandFacts, axis: Int) throws(GraphError) -> [Fact] {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        let count = try operands.list(1, "the count")
        guard count.count == 1, count[0].isLess(than: 0) != true,
            x.shape.dimensions[axis].isLess(than: count[0]) != true
        else { throw operands.mismatch("\(Shape(count)) of \(x.shape.dimensions[axis]) elements are asked for") }
        var shape = x.shape
        shape.dimensions[axis] = count[0]
        return [Fact(shape: shape, type: x.type.atRunTime), Fact(shape: shape, type: .i64)]
    }
}

extension Shape {
    /// Without `axes`, or with 1 in their place.
    func reduced(_ axes: [Int], keep: Bool) -> Shape {
        Shape(
            dimensions.enumerated().compactMap { axis, dimension in
                axes.contains(axis) ? (keep ? 1 : nil) : dimension
            })
    }
}
