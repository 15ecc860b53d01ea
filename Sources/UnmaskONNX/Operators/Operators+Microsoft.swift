internal import UnmaskGraph

extension OperatorRegistry {
    /// Operators of onnxruntime that its optimiser and quantiser write into files, said in ONNX's own
    /// (github.com/microsoft/onnxruntime, docs/ContribOperators.md).
    static let microsoft: Table = merge([
        microsoftFusions, microsoftAttention, microsoftQuantisation,
        ["QLinearConv", "QuantizeLinear", "DequantizeLinear"].reduce(into: [:]) { $0[$1] = quantisation[$1] },
    ])

    private static let microsoftFusions: Table = [
        "Gelu": OperatorReader(1...1) { node throws(NodeProblem) in node.emit(.erf, of: try node.operand(0)) },
        "BiasGelu": OperatorReader(2...2) { node throws(NodeProblem) in
            node.emit(.erf, of: try node.add(.binary(.add), try node.operand(0), try node.operand(1)))
        },
        "FastGelu": OperatorReader(1...2) { node throws(NodeProblem) in
            let x = try node.operand(0)
            node.emit(.tanh, of: node.has(1) ? try node.add(.binary(.add), x, try node.operand(1)) : x)
        },
        "QuickGelu": OperatorReader(1...1) { node throws(NodeProblem) in
            let alpha = try node.float("alpha", default: 1.702)
            guard alpha == 1.702 else { return try node.emitSwish(alpha: alpha) }
            node.emit(.quick, of: try node.operand(0))
        },
        "SkipLayerNormalization": OperatorReader(3...5, outputs: 1...4) { node throws(NodeProblem) in
            let sum = try node.skipSum(bias: 4)
            let epsilon = try node.float("epsilon", default: 1e-12)
            let normalised = try node.add(
                .layerNormalization(axis: -1, epsilon: epsilon), sum, try node.operand(2), node.operands[3])
            node.finish(normalised, normalised, normalised, sum)
        },
        "SkipSimplifiedLayerNormalization": OperatorReader(3...4, outputs: 1...4) { node throws(NodeProblem) in
            let sum = try node.skipSum(bias: 3)
            let epsilon = try node.float("epsilon", default: 1e-5)
            let normalised = try node.add(
                .rootMeanSquareNormalization(axis: -1, epsilon: epsilon), sum, try node.operand(2))
            node.finish(normalised, normalised, normalised, sum)
        },
        "FusedMatMul": OperatorReader(2...2) { node throws(NodeProblem) in
            let a = try node.turned(0, matrix: "transA", batch: "transBatchA")
            let b = try node.turned(1, matrix: "transB", batch: "transBatchB")
            let alpha = try node.float("alpha", default: 1)
            guard alpha != 1 else { return try node.emit(.matMul, [a, b]) }
            try node.emit(.binary(.multiply), [try node.add(.matMul, a, b), node.constant(alpha)])
        },
        "FusedGemm": OperatorReader(2...3) { node throws(NodeProblem) in
            let (a, b) = (try node.flag("transA", default: false), try node.flag("transB", default: false))
            let gemm = Primitive.gemm(
                alpha: try node.float("alpha", default: 1), beta: try node.float("beta", default: 1), transposeA: a,
                transposeB: b)
            let product = try node.add(gemm, node.operands, count: 1)[0]
            let parameters = try [
                node.optionalFloat("activation_alpha"), node.optionalFloat("activation_beta"),
                node.optionalFloat("activation_gamma"),
            ].compactMap { $0 }
            try node.emitActivation(try node.string("activation", default: ""), parameters, of: product)
        },
        "FusedConv": OperatorReader(2...4) { node throws(NodeProblem) in
            let convolution = Primitive.convolution(try node.convolution())
            var y = try node.add(convolution, [try node.operand(0), try node.operand(1), node.operands[2]], count: 1)[0]
            if node.has(3) { y = try node.add(.binary(.add), y, try node.operand(3)) }
            let parameters = try node.attribute("activation_params", .floats)?.floats ?? []
            try node.emitActivation(try node.string("activation", default: ""), parameters, of: y)
        },
    ]
}

extension NodeImport {
    /// The sum that a normalisation with a skip connection begins with. Mean and deviation, its second and third results,
    /// are of training.
    fileprivate func skipSum(bias: Int) throws(NodeProblem) -> ValueID {
        let names = proto.output
        guard names.count < 2 || names[1].isEmpty, names.count < 3 || names[2].isEmpty else {
            throw .unsupported("results 1 and 2")
        }
        let sum = try add(.binary(.add), try operand(0), try operand(1))
        return has(bias) ? try add(.binary(.add), sum, try operand(bias)) : sum
    }

    /// A product's operand with its matrices transposed, or its first axis moved behind the other batches.
    fileprivate func turned(_ index: Int, matrix: String, batch: String) throws(NodeProblem) -> ValueID {
        let x = try operand(index)
        var order = Array(0..<(try rank(index)))
        let (turnsMatrix, turnsBatch) = (try flag(matrix, default: false), try flag(batch, default: false))
        guard order.count >= 2 else { return x }
        if turnsBatch { order.insert(order.removeFirst(), at: order.count - 1) }
        if turnsMatrix { order.swapAt(order.count - 2, order.count - 1) }
        return order == Array(order.indices) ? x : try add(.transpose(order), x)
    }

    /// Ends the node as a function of a value; none where the name is empty.
    fileprivate func emitActivation(_ name: String, _ parameters: [Float], of x: ValueID) throws(NodeProblem) {
        func parameter(_ place: Int, default value: Float) -> Float {
            place < parameters.count ? parameters[place] : value
        }
        switch name {
        case "": finish(x)
        case "Relu": try emit(.unary(.relu), [x])
        case "Tanh": try emit(.unary(.tanh), [x])
        case "Sigmoid": try emit(.unary(.sigmoid), [x])
        case "LeakyRelu": try emit(.unary(.leakyRelu(alpha: parameter(0, default: 0.01))), [x])
        case "HardSigmoid":
            let beta = parameter(1, default: 0.5)
            try emit(.unary(.hardSigmoid(alpha: parameter(0, default: 0.2), beta: beta)), [x])
        case "Clip" where parameters.count == 2:
            try emit(.clip, [x, constant(parameters[0]), constant(parameters[1])])
        default: throw .unsupported("activation \(quoted(name))")
        }
    }
}
