extension Inference {
    static func gather(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        let indices = try indices(operands)
        return Fact(
            shape: Shape(
                x.shape.dimensions[..<axis] + indices.shape.dimensions + x.shape.dimensions[(axis + 1)...]),
            type: x.type.atRunTime)
    }

    static func gatherElements(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        let indices = try indices(operands)
        try checkElements(operands, x.shape, indices.shape, axis: axis)
        return Fact(shape: indices.shape, type: x.type.atRunTime)
    }

    static func gatherND(_ operands: OperandFacts, batchAxes: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let indices = try indices(operands)
        let depth = try indexDepth(operands, indices.shape)
        guard batchAxes >= 0, batchAxes < indices.shape.rank, depth <= x.shape.rank - batchAxes,
            zip(x.shape.dimensions, indices.shape.dimensions).prefix(batchAxes).allSatisfy({
                $0.isEqual(to: $1) != false
            })
        else { throw operands.mismatch("indices \(indices.shape) with \(batchAxes) batch axes do not fit \(x.shape)") }
        return Fact(
            shape: Shape(indices.shape.dimensions.dropLast() + x.shape.dimensions[(batchAxes + depth)...]),
            type: x.type.atRunTime)
    }

    static func scatterND(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let indices = try indices(operands)
        let updates = try operands.required(2).shape
        let depth = try indexDepth(operands, indices.shape)
        guard depth <= x.shape.rank,
            updates.dimensions == indices.shape.dimensions.dropLast() + x.shape.dimensions[depth...]
        else { throw operands.mismatch("updates \(updates) at indices \(indices.shape) do not fit \(x.shape)") }
        return Fact(shape: x.shape, type: try operands.commonType([0, 2]))
    }

    static func scatterElements(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        let axis = try operands.axis(axis, rank: x.shape.rank)
        let indices = try indices(operands)
        try checkElements(operands, x.shape, indices.shape, axis: axis)
        guard try operands.required(2).shape == indices.shape else {
            throw operands.mismatch("updates \(try operands.required(2).shape) at indices \(indices.shape)")
        }
        return Fact(shape: x.shape, type: try operands.commonType([0, 2]))
    }

    private static func indices(_ operands: OperandFacts) throws(GraphError) -> Fact {
        let indices = try operands.required(1)
        guard indices.type == .i64 || indices.type == .i32 else {
            throw operands.mismatch("its indices are \(indices.type.rawValue); they must be i32 or i64")
        }
        return indices
    }

    /// How many axes one index of an ND operation goes through.
    private static func indexDepth(_ operands: OperandFacts, _ indices: Shape) throws(GraphError) -> Int {
        guard let last = indices.dimensions.last else { throw operands.mismatch("its indices are a scalar") }
        let depth = try operands.number(last, "the indices' last dimension")
        guard depth >= 0 else { throw operands.mismatch("its indices have shape \(indices)") }
        return depth
    }

    /// Indices have the operand's rank, and no more elements than it beside `axis`.
    private static func checkElements(
        _ operands: OperandFacts, _ x: Shape, _ indices: Shape, axis: Int
    ) throws(GraphError) {
        let fits = zip(x.dimensions, indices.dimensions).enumerated().allSatisfy {
            $0.offset == axis || $0.element.0.isLess(than: $0.element.1) == false
        }
        guard x.rank == indices.rank, fits else {
            throw operands.mismatch("indices \(indices) do not fit \(x) along axis \(axis)")
        }
    }
}
