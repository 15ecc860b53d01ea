internal import UnmaskGraph

extension OperatorRegistry {
    /// Operators of onnxruntime that its optimiser writes into files, where they are short to say in others
    /// (github.com/microsoft/onnxruntime, docs/ContribOperators.md).
    static let microsoft: Table = [
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
            var sum = try node.add(.binary(.add), try node.operand(0), try node.operand(1))
            if node.has(4) { sum = try node.add(.binary(.add), sum, try node.operand(4)) }
            let epsilon = try node.float("epsilon", default: 1e-12)
            let names = node.proto.output
            guard names.count < 2 || names[1].isEmpty, names.count < 3 || names[2].isEmpty else {
                throw .unsupported("results 1 and 2")
            }
            let normalised = try node.add(
                .layerNormalization(axis: -1, epsilon: epsilon), sum, try node.operand(2), node.operands[3])
            node.finish(normalised, normalised, normalised, sum)
        },
    ]
}
