internal import UnmaskGraph

extension OperatorRegistry {
    static let elementwise: Table = [
        "Abs": .unary(.absolute), "Neg": .unary(.negate), "Sign": .unary(.sign), "Reciprocal": .unary(.reciprocal),
        "Sqrt": .unary(.squareRoot), "Exp": .unary(.exp), "Log": .unary(.log), "Erf": .unary(.erf),
        "Sin": .unary(.sine), "Cos": .unary(.cosine), "Floor": .unary(.floor), "Ceil": .unary(.ceiling),
        "Round": .unary(.round), "Not": .unary(.not), "IsNaN": .unary(.isNaN),

        "Add": .binary(.add), "Sub": .binary(.subtract), "Mul": .binary(.multiply), "Div": .binary(.divide),
        "Pow": .binary(.power), "Equal": .binary(.equal), "Less": .binary(.less),
        "LessOrEqual": .binary(.lessOrEqual), "Greater": .binary(.greater),
        "GreaterOrEqual": .binary(.greaterOrEqual), "And": .binary(.and), "Or": .binary(.or), "Xor": .binary(.xor),
        "Mod": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(.binary(try node.flag("fmod", default: false) ? .remainder : .modulo))
        },

        "Min": .variadic(.minimum), "Max": .variadic(.maximum), "Sum": .variadic(.add),
        "Mean": OperatorReader(1...Int.max) { node throws(NodeProblem) in
            let sum = try node.fold(.add, node.operands)
            try node.emit(.binary(.divide), [sum, node.constant(Float(node.operands.count))])
        },

        "Clip": OperatorReader(1...3, .clip),
        "Where": OperatorReader(3...3, .select),
        "CumSum": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(
                .cumulativeSum(
                    exclusive: try node.flag("exclusive", default: false),
                    reverse: try node.flag("reverse", default: false)))
        },
        "Cast": OperatorReader(1...1) { node throws(NodeProblem) in
            node.ignore("saturate", "round_mode")
            try node.cast(to: try node.elementType("to"))
        },
        "CastLike": OperatorReader(2...2) { node throws(NodeProblem) in
            node.ignore("saturate", "round_mode")
            try node.cast(to: try node.fact(1).type)
        },
    ]
}

extension OperatorReader {
    /// An operator of any number of operands, which are combined from the first on.
    fileprivate static func variadic(_ function: BinaryFunction) -> OperatorReader {
        OperatorReader(1...Int.max) { node throws(NodeProblem) in
            guard node.operands.count > 1 else { return node.finish(try node.operand(0)) }
            let front = try node.fold(function, node.operands.dropLast())
            try node.emit(.binary(function), [front, node.operands[node.operands.count - 1]])
        }
    }
}

extension NodeImport {
    fileprivate func fold(_ function: BinaryFunction, _ operands: some Sequence<ValueID?>) throws(NodeProblem)
        -> ValueID
    {
        var result: ValueID?
        for operand in operands {
            guard let operand else { throw .invalid("an operand is missing") }
            result = if let before = result { try add(.binary(function), before, operand) } else { operand }
        }
        guard let result else { throw .invalid("it has no operands") }
        return result
    }

    /// An attribute that is the number of an element type.
    func elementType(_ attribute: String) throws(NodeProblem) -> ElementType {
        let number = Int32(clamping: try requiredInt(attribute))
        guard let type = ElementType(onnx: number) else {
            throw .unsupported("type \(ElementType.onnxName(number))")
        }
        return type
    }

    /// Floating-point numbers are float32 whatever their storage: a cast between their types changes nothing.
    fileprivate func cast(to type: ElementType) throws(NodeProblem) {
        let from = try fact(0).type
        if from == type || from.isFloatingPoint && type.isFloatingPoint { return finish(try operand(0)) }
        try emit(.cast(type), [try operand(0)])
    }
}
