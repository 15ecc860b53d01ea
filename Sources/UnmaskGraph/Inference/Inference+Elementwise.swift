extension Inference {
    /// Operations whose result has the shape that their operands broadcast to.
    static func elementwise(_ primitive: Primitive, _ operands: OperandFacts) throws(GraphError) -> Fact {
        switch primitive {
        case .unary(let function): return try unary(function, operands)
        case .binary(let function): return try binary(function, operands)
        case .select:
            let (condition, a, b) = (try operands.required(0), try operands.required(1), try operands.required(2))
            guard condition.type == .bool else { throw operands.mismatch("its condition is not of truth values") }
            return Fact(
                shape: try operands.broadcast([condition.shape, a.shape, b.shape]),
                type: try operands.commonType(1...2))
        case .cast(let type): return Fact(shape: try operands.required(0).shape, type: type.atRunTime)
        case .clip:
            for index in 1...2 { try operands.expectOneNumber(index) }
            return Fact(shape: try operands.required(0).shape, type: try operands.commonType(0...2))
        case .softmax(let axis), .logSoftmax(let axis), .lpNormalization(let axis, _):
            let x = try operands.floating(0)
            _ = try operands.axis(axis, rank: x.shape.rank)
            return Fact(shape: x.shape, type: .f32)
        case .cumulativeSum:
            let x = try operands.required(0)
            try operands.expectOneNumber(1)
            for axis in try operands.numbers(1, "axis") { _ = try operands.axis(axis, rank: x.shape.rank) }
            return Fact(shape: x.shape, type: x.type.atRunTime)
        case .triangle:
            let x = try operands.required(0, rank: 2...Int.max)
            try operands.expectOneNumber(1)
            return Fact(shape: x.shape, type: x.type.atRunTime)
        default:
            let x = try operands.required(0)
            return Fact(shape: x.shape, type: x.type.atRunTime)
        }
    }

    private static func unary(_ function: UnaryFunction, _ operands: OperandFacts) throws(GraphError) -> Fact {
        let x = try operands.required(0)
        switch function {
        case .not:
            guard x.type == .bool else { throw operands.mismatch("its operand is not of truth values") }
            return Fact(shape: x.shape, type: .bool)
        case .negate, .absolute, .sign, .relu:
            guard x.type != .bool else { throw operands.mismatch("its operand is of truth values") }
            return Fact(shape: x.shape, type: x.type.atRunTime)
        case .isNaN: return Fact(shape: try operands.floating(0).shape, type: .bool)
        default: return Fact(shape: try operands.floating(0).shape, type: .f32)
        }
    }

    private static func binary(_ function: BinaryFunction, _ operands: OperandFacts) throws(GraphError) -> Fact {
        let (a, b) = (try operands.required(0), try operands.required(1))
        let shape = try operands.broadcast([a.shape, b.shape])
        // The exponent alone may be of another type than the result.
        let type = function == .power ? a.type.atRunTime : try operands.commonType(0...1)
        switch function {
        case .and, .or, .xor:
            guard type == .bool else { throw operands.mismatch("its operands are not of truth values") }
            return Fact(shape: shape, type: .bool)
        case .equal: return Fact(shape: shape, type: .bool)
        case .parametricRelu:
            guard shape == a.shape else { throw operands.mismatch("slope \(b.shape) does not fit \(a.shape)") }
        default: break
        }
        guard type != .bool else { throw operands.mismatch("its operands are of truth values") }
        switch function {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return Fact(shape: shape, type: .bool)
        default: return Fact(shape: shape, type: type)
        }
    }
}
