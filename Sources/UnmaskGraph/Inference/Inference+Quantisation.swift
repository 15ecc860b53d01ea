extension Inference {
    static func quantize(
        _ operands: OperandFacts, axis: Int, to type: ElementType
    ) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        guard x.type.isFloatingPoint || x.type == .i32 else { throw operands.mismatch("it cannot quantise \(x.type)") }
        let target = operands.optional(2)?.type ?? type
        guard [.u8, .i8, .u16, .i16].contains(target) else {
            throw operands.mismatch("it cannot quantise to \(target.rawValue)")
        }
        try checkScale(operands, x.shape, axis: axis)
        return Fact(shape: x.shape, type: target)
    }

    static func dequantize(_ operands: OperandFacts, axis: Int) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        guard [.u8, .i8, .u16, .i16, .i32].contains(x.type) else {
            throw operands.mismatch("it cannot dequantise \(x.type.rawValue)")
        }
        guard operands.optional(2)?.type ?? x.type == x.type else {
            throw operands.mismatch("its zero point is not \(x.type.rawValue)")
        }
        try checkScale(operands, x.shape, axis: axis)
        return Fact(shape: x.shape, type: .f32)
    }

    static func dynamicQuantize(_ operands: OperandFacts) throws(GraphError) -> [Fact] {
        let x = try operands.floating(0)
        return [Fact(shape: x.shape, type: .u8), Fact(shape: [], type: .f32), Fact(shape: [], type: .u8)]
    }

    /// One scale for all, or a list along `axis`; the zero point has the same shape. Scales of blocks are refused.
    private static func checkScale(_ operands: OperandFacts, _ x: Shape, axis: Int) throws(GraphError) {
        let scale = try operands.floating(1).shape
        let zero = operands.optional(2)?.shape ?? scale
        let single = scale.rank == 0 || scale == [1]
        guard scale.rank <= 1, zero.rank <= 1, zero == scale || (single && (zero.rank == 0 || zero == [1])) else {
            throw operands.mismatch(
                "scale \(scale) and zero point \(zero): one number, or a list along an axis, is known")
        }
        guard !single else { return }
        let axis = try operands.axis(axis, rank: x.rank)
        try operands.expectList(1, x.dimensions[axis], "its scale")
    }
}
