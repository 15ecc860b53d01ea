internal import UnmaskGraph

extension Emitter {
    /// Emits a primitive as the ONNX operator it was, in the form that the operator set has.
    mutating func emit(_ primitive: Primitive, _ node: Node) throws(ONNXExportError) {
        let results: [String] =
            switch primitive {
            case .unary(let function): [try emitUnary(function, node)]
            case .binary(let function): [try emitBinary(function, node)]
            case .clip: [try plain("Clip", node)]
            case .select: [try plain("Where", node)]
            case .cast(let type): [try plain("Cast", node, ["to": .int(type.exported.onnxType.rawValue)])]

            case .matMul: [try plain("MatMul", node)]
            case .gemm(let alpha, let beta, let transposeA, let transposeB):
                [
                    try plain(
                        "Gemm", node,
                        [
                            "alpha": .float(alpha), "beta": .float(beta), "transA": .int(transposeA ? 1 : 0),
                            "transB": .int(transposeB ? 1 : 0),
                        ])
                ]
            case .convolution(let convolution):
                [
                    try withAttributes(
                        "Conv", node, attributes(convolution.window) + [("group", .int(convolution.groups))])
                ]
            case .transposedConvolution(let convolution, let outputPadding, let outputShape):
                [try emitTransposed(convolution, outputPadding: outputPadding, outputShape: outputShape, node)]
            case .attention(let attention): [try emitPrimitiveAttention(attention, node)]

            case .layerNormalization(let axis, let epsilon):
                try emitLayerNormalization(axis: axis, epsilon: epsilon, node)
            case .rootMeanSquareNormalization(let axis, let epsilon):
                [try emitRootMeanSquare(axis: axis, epsilon: epsilon, node)]
            case .batchNormalization(let epsilon):
                [try plain("BatchNormalization", node, ["epsilon": .float(epsilon)])]
            case .groupNormalization(let groups, let epsilon):
                [try emitGroupNormalization(groups: groups, epsilon: epsilon, node)]
            case .instanceNormalization(let epsilon):
                [try plain("InstanceNormalization", node, ["epsilon": .float(epsilon)], float32: true)]
            case .lpNormalization(let axis, let order):
                [try plain("LpNormalization", node, ["axis": .int(axis), "p": .int(order)], float32: true)]
            case .softmax(let axis): [try emitSoftmax("Softmax", axis: axis, node)]
            case .logSoftmax(let axis): [try emitSoftmax("LogSoftmax", axis: axis, node)]

            case .reduce(let reduction, let keep, let emptyIsNone):
                [try emitReduction(reduction, keep: keep, emptyIsNone: emptyIsNone, node)]
            case .argument(let greatest, let axis, let keep, let last):
                [try emitArgument(greatest: greatest, axis: axis, keep: keep, last: last, node)]
            case .topK(let axis, let largest, let sorted):
                try results(
                    "TopK", node,
                    [
                        ("axis", .int(axis)), ("largest", .int(largest ? 1 : 0)), ("sorted", .int(sorted ? 1 : 0)),
                    ])
            case .cumulativeSum(let exclusive, let reverse):
                [
                    try plain(
                        "CumSum", node,
                        ["exclusive": .int(exclusive ? 1 : 0), "reverse": .int(reverse ? 1 : 0)])
                ]
            case .pool(let pooling): try emitPool(pooling, node)
            case .globalPool(let kind):
                [try plain(kind == .average ? "GlobalAveragePool" : "GlobalMaxPool", node)]
            case .resize(let resize): [try emitResize(resize, node)]

            default: try emitMovement(primitive, node)
            }
        for (id, name) in zip(node.outputs, results) { bind(id, to: name) }
    }

    // MARK: Nodes that keep the graph's operands

    /// A node with one result and the graph's operands.
    mutating func plain(
        _ op: String, _ node: Node, _ attributes: KeyValuePairs<String, ExportAttribute> = [:], float32: Bool = false,
        since: Int = ONNXOpset.range.lowerBound
    ) throws(ONNXExportError) -> String {
        try withAttributes(op, node, attributes.map { ($0.key, $0.value) }, float32: float32, since: since)
    }

    mutating func withAttributes(
        _ op: String, _ node: Node, _ attributes: [(String, ExportAttribute)], float32: Bool = false,
        since: Int = ONNXOpset.range.lowerBound
    ) throws(ONNXExportError) -> String {
        try results(op, node, attributes, float32: float32, since: since)[0]
    }

    /// A node with the graph's operands and as many results as it has there.
    /// - Parameter since: the first operator set that has it.
    mutating func results(
        _ op: String, _ node: Node, _ attributes: [(String, ExportAttribute)] = [], float32: Bool = false,
        since: Int = ONNXOpset.range.lowerBound
    ) throws(ONNXExportError) -> [String] {
        try require(since, op, node)
        return append(op, try operands(of: node), node, attributes, float32: float32)
    }

    /// A node with operands of its own choice, named and typed as the graph's.
    mutating func append(
        _ op: String, _ operands: [String], _ node: Node, _ attributes: [(String, ExportAttribute)] = [],
        float32: Bool = false
    ) -> [String] {
        let outputs = nodes(op, operands, node.name, count: node.outputs.count, float32: float32)
        let last = result.nodes.count - 1
        result.nodes[last].attributes = attributes.map { ($0.0, $0.1) }
        result.nodes[last].resultType = graph[node.output].type.exported
        return outputs
    }

    func require(_ since: Int, _ op: String, _ node: Node) throws(ONNXExportError) {
        guard opset >= since else { throw .unsupported(node: node.name, op, needs: since, have: opset) }
    }
}
