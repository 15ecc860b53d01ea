extension Inference {
    /// y, the means and the inverse deviations, the latter two with the normalised axes as 1.
    static func layerNormalization(_ operands: OperandFacts, axis: Int) throws(GraphError) -> [Fact] {
        let x = try operands.floating(0).shape
        let first = try operands.axis(axis, rank: x.rank)
        let normalised = Shape(Array(x.dimensions[first...]))
        for index in 1...2 {
            guard operands.optional(index) != nil else { continue }
            let shape = try operands.floating(index).shape
            guard try operands.broadcast([normalised, shape]) == normalised else {
                throw operands.mismatch("operand \(index) of shape \(shape) does not fit the normalised \(normalised)")
            }
        }
        let rows = Shape(x.dimensions[..<first] + x.dimensions[first...].map { _ in 1 })
        return [Fact(shape: x, type: .f32), Fact(shape: rows, type: .f32), Fact(shape: rows, type: .f32)]
    }

    /// Normalisations with so many parameters for each channel of [B, C, ...].
    static func channelNormalization(
        _ operands: OperandFacts, parameters: Int, groups: Int?
    ) throws(GraphError) -> Fact {
        let x = try operands.floating(0).shape
        guard x.rank >= 2 else { throw operands.mismatch("operand 0 has shape \(x); its rank must be 2 or more") }
        for index in 1...parameters {
            _ = try operands.floating(index)
            try operands.expectList(index, x.dimensions[1], "operand \(index)")
        }
        if let groups {
            let channels = try operands.number(x.dimensions[1], "the count of channels")
            guard groups > 0, channels % groups == 0 else {
                throw operands.mismatch("\(channels) channels do not divide into \(groups) groups")
            }
        }
        return Fact(shape: x, type: .f32)
    }
}
