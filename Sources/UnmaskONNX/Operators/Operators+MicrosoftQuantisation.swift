internal import UnmaskGraph

extension OperatorRegistry {
    /// What onnxruntime's quantiser writes besides ONNX's own operators. Each is the float operator between the numbers
    /// that its operands stand for, and a rounding to its result's grid.
    static let microsoftQuantisation: Table = [
        "QLinearAdd": .quantised(.add), "QLinearMul": .quantised(.multiply),
        "QLinearSigmoid": .quantised { _ in .unary(.sigmoid) },
        "QLinearLeakyRelu": .quantised { node throws(NodeProblem) in
            .unary(.leakyRelu(alpha: try node.float("alpha", default: 0.01)))
        },
        "QLinearSoftmax": .quantised { node throws(NodeProblem) in
            let axis = try node.int("axis", default: -1)
            let opset = try node.int("opset", default: 13)
            let rank = try node.rank(0)
            guard opset >= 13 || axis == -1 || axis == rank - 1 else { throw .unsupported("softmax of several axes") }
            return .softmax(axis: axis)
        },
        "QLinearGlobalAveragePool": .quantised { node throws(NodeProblem) in
            guard try !node.flag("channels_last", default: false) else { throw .unsupported("channels_last") }
            return .globalPool(.average)
        },
        "QLinearAveragePool": .quantised { node throws(NodeProblem) in
            guard try !node.flag("channels_last", default: false) else { throw .unsupported("channels_last") }
            return .pool(
                Pooling(
                    kind: .average, window: try node.poolingWindow(),
                    ceiling: try node.flag("ceil_mode", default: false),
                    countsPadding: try node.flag("count_include_pad", default: false)))
        },
        // (x, scale, zero point, result's scale, result's zero point)
        "QLinearReduceMean": OperatorReader(4...5) { node throws(NodeProblem) in
            let x = try node.dequantised(0, scale: 1, zero: 2)
            let axes = try node.ints("axes").map { node.constant($0) }
            let keepsAxes = try node.flag("keepdims", default: true)
            let mean = Primitive.reduce(.mean, keepAxes: keepsAxes, emptyIsNone: false)
            try node.emitQuantised(try node.add(mean, x, axes), scale: 3, zero: 4)
        },
        // (result's scale, result's zero point, then x, scale, zero point of each)
        "QLinearConcat": OperatorReader(5...Int.max) { node throws(NodeProblem) in
            guard node.operands.count % 3 == 2 else { throw .invalid("it has \(node.operands.count) operands") }
            let axis = try node.requiredInt("axis")
            var parts: [ValueID] = []
            for place in stride(from: 2, to: node.operands.count, by: 3) {
                parts.append(try node.dequantised(place, scale: place + 1, zero: place + 2))
            }
            try node.emitQuantised(try node.add(.concat(axis: axis), parts, count: 1)[0], scale: 0, zero: 1)
        },
        "QLinearWhere": OperatorReader(9...9) { node throws(NodeProblem) in
            let a = try node.dequantised(1, scale: 2, zero: 3)
            let b = try node.dequantised(4, scale: 5, zero: 6)
            try node.emitQuantised(try node.add(.select, try node.operand(0), a, b), scale: 7, zero: 8)
        },
        // (a, scale, zero point, b, scale, zero point, c? i32 of the product of the scales, result's scale?, zero point?)
        "QGemm": OperatorReader(6...9) { node throws(NodeProblem) in
            let alpha = try node.float("alpha", default: 1)
            let (turnsA, turnsB) = (try node.flag("transA", default: false), try node.flag("transB", default: false))
            let a = try node.dequantised(0, scale: 1, zero: 2)
            let b = try node.dequantised(3, scale: 4, zero: 5, axis: turnsB ? 0 : 1)
            let c = try node.wholeBias(6)
            let gemm = Primitive.gemm(alpha: alpha, beta: alpha, transposeA: turnsA, transposeB: turnsB)
            let y = try node.add(gemm, [a, b, c], count: 1)[0]
            guard node.has(7) else { return node.finish(y) }
            try node.emitQuantised(y, scale: 7, zero: 8)
        },
        // (a i8, b i8, a's scale, b's scale, a's zero point?, b's zero point?, bias?) → float
        "MatMulIntegerToFloat": OperatorReader(4...7) { node throws(NodeProblem) in
            let a = try node.dequantised(0, scale: 2, zero: 4, axis: -2)
            let b = try node.dequantised(1, scale: 3, zero: 5, axis: -1)
            try node.emitProduct(a, b, bias: node.operands[6])
        },
        // (a, b i8, b's scale, b's zero point?, bias?) → float; a is quantised on the way.
        "DynamicQuantizeMatMul": OperatorReader(3...5) { node throws(NodeProblem) in
            let parts = try node.add(.dynamicQuantize, [try node.operand(0)], count: 3)
            let a = try node.add(.dequantize(axis: 0), parts[0], parts[1], parts[2])
            let b = try node.dequantised(1, scale: 2, zero: 3, axis: -1)
            try node.emitProduct(a, b, bias: node.operands[4])
        },
        "MatMulNBits": OperatorReader(3...6) { node throws(NodeProblem) in
            guard !node.has(4) else { throw .unsupported("groups of columns in another order") }
            node.ignore("accuracy_level")
            guard try node.int("weight_prepacked", default: 0) == 0 else {
                throw .unsupported("a weight in the order of one machine's kernels")
            }
            let weight = try BlockQuantisedWeight(node).tensor(node)
            guard let matrix = weight.transposed() else { throw .invalid("its weight is no matrix") }
            let name = node.importer.graph[try node.operand(1)].name
            try node.emitProduct(
                try node.operand(0), node.importer.graph.addConstant(name, matrix), bias: node.operands[5])
        },
    ]
}

extension OperatorReader {
    /// (a, scale, zero point?, b, scale, zero point?, result's scale, result's zero point?)
    fileprivate static func quantised(_ function: BinaryFunction) -> OperatorReader {
        OperatorReader(7...8) { node throws(NodeProblem) in
            let a = try node.dequantised(0, scale: 1, zero: 2)
            let b = try node.dequantised(3, scale: 4, zero: 5)
            try node.emitQuantised(try node.add(.binary(function), a, b), scale: 6, zero: 7)
        }
    }

    /// (x, scale, zero point?, result's scale, result's zero point?)
    fileprivate static func quantised(
        _ primitive: @escaping @Sendable (NodeImport) throws(NodeProblem) -> Primitive
    ) -> OperatorReader {
        OperatorReader(4...5) { node throws(NodeProblem) in
            let function = try primitive(node)
            let y = try node.add(function, try node.dequantised(0, scale: 1, zero: 2))
            try node.emitQuantised(y, scale: 3, zero: 4)
        }
    }
}

extension NodeImport {
    /// Ends the node as a · b + bias.
    fileprivate func emitProduct(_ a: ValueID, _ b: ValueID, bias: ValueID?) throws(NodeProblem) {
        guard let bias else { return try emit(.matMul, [a, b]) }
        try emit(.binary(.add), [try add(.matMul, a, b), bias])
    }
}
