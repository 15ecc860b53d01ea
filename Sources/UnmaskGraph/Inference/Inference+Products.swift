extension Inference {
    static func matMul(_ operands: OperandFacts) throws(GraphError) -> Fact {
        Fact(shape: try productShape(operands), type: try operands.commonType(0...1))
    }

    static func matMulInteger(_ operands: OperandFacts) throws(GraphError) -> Fact {
        for index in 0...1 {
            let type = try operands.required(index).type
            guard type == .i8 || type == .u8 else { throw operands.mismatch("operand \(index) is \(type.rawValue)") }
            guard operands.optional(index + 2)?.type ?? type == type else {
                throw operands.mismatch("operand \(index)'s zero point is of another type")
            }
        }
        let shape = try productShape(operands)
        for (index, axis) in [(2, shape.rank - 2), (3, shape.rank - 1)] {
            guard let zero = operands.optional(index)?.shape, !zero.isOneNumber else { continue }
            guard axis >= 0 else { throw operands.mismatch("zero point \(zero) for a result of shape \(shape)") }
            try operands.expectList(index, shape.dimensions[axis], "its zero point")
        }
        return Fact(shape: shape, type: .i32)
    }

    /// As NumPy's `matmul`: a list is a row on the left and a column on the right.
    private static func productShape(_ operands: OperandFacts) throws(GraphError) -> Shape {
        var a = try operands.required(0, rank: 1...Int.max).shape.dimensions
        var b = try operands.required(1, rank: 1...Int.max).shape.dimensions
        let (row, column) = (a.count == 1, b.count == 1)
        if row { a = [1, a[0]] }
        if column { b = [b[0], 1] }
        guard a[a.count - 1].isEqual(to: b[b.count - 2]) != false else {
            throw operands.mismatch("\(Shape(a)) times \(Shape(b)): the inner dimensions differ")
        }
        let batch = try operands.broadcast([Shape(a.dropLast(2)), Shape(b.dropLast(2))]).dimensions
        return Shape(batch + (row ? [] : [a[a.count - 2]]) + (column ? [] : [b[b.count - 1]]))
    }

    static func gemm(
        _ operands: OperandFacts, _ transposeA: Bool, _ transposeB: Bool
    ) throws(GraphError) -> Fact {
        let a = try operands.required(0, rank: 2).shape.dimensions
        let b = try operands.required(1, rank: 2).shape.dimensions
        let (m, k) = transposeA ? (a[1], a[0]) : (a[0], a[1])
        let (inner, n) = transposeB ? (b[1], b[0]) : (b[0], b[1])
        guard k.isEqual(to: inner) != false else {
            throw operands.mismatch("\(Shape(a)) times \(Shape(b)): the inner dimensions are \(k) and \(inner)")
        }
        let shape = Shape([m, n])
        if let c = operands.optional(2), try operands.broadcast([shape, c.shape]) != shape {
            throw operands.mismatch("its third operand \(c.shape) does not broadcast to \(shape)")
        }
        return Fact(shape: shape, type: try operands.commonType(0...2))
    }

    static func attention(_ operands: OperandFacts, _ attributes: ScaledDotProduct) throws(GraphError) -> Fact {
        let parts = [
            try heads(operands, 0, attributes.queryHeads), try heads(operands, 1, attributes.keyHeads),
            try heads(operands, 2, attributes.keyHeads),
        ]
        for index in 0...2 { _ = try operands.floating(index) }
        let (q, k, v) = (parts[0], parts[1], parts[2])
        guard q[0].isEqual(to: k[0]) != false, k[0].isEqual(to: v[0]) != false, k[1] == v[1], k[2] == v[2], q[3] == k[3]
        else {
            throw operands.mismatch("queries \(Shape(q)), keys \(Shape(k)) and values \(Shape(v)) do not fit together")
        }
        let keyHeads = try operands.number(k[1], "the count of key heads")
        guard keyHeads > 0, try operands.number(q[1], "the count of query heads") % keyHeads == 0 else {
            throw operands.mismatch("\(q[1]) query heads are no multiple of \(k[1]) key heads")
        }
        if let mask = operands.optional(3) {
            let scores = Shape([q[0], q[1], q[2], k[2]])
            guard mask.type == .bool || mask.type.isFloatingPoint, mask.shape.rank <= 4,
                try operands.broadcast([scores, mask.shape]) == scores
            else { throw operands.mismatch("mask \(mask.shape) does not broadcast to \(scores)") }
        }
        let shape = try operands.required(0).shape
        guard shape.rank == 3 else { return Fact(shape: Shape([q[0], q[1], q[2], v[3]]), type: .f32) }
        guard let width = q[1].multiplied(by: v[3]) else { throw operands.mismatch("its result is too wide") }
        return Fact(shape: Shape([q[0], q[2], width]), type: .f32)
    }

    /// An operand of attention as [B, H, T, D].
    private static func heads(
        _ operands: OperandFacts, _ index: Int, _ heads: Int?
    ) throws(GraphError) -> [Dimension] {
        let shape = try operands.required(index, rank: 3...4).shape.dimensions
        guard shape.count == 3 else { return shape }
        guard let heads, heads > 0 else {
            throw operands.mismatch("operand \(index) has rank 3, and the count of its heads is not given")
        }
        let width = try operands.number(shape[2], "operand \(index)'s width")
        guard width % heads == 0 else { throw operands.mismatch("width \(width) is no multiple of \(heads) heads") }
        return [shape[0], .fixed(heads), shape[1], .fixed(width / heads)]
    }
}
