internal import UnmaskGraph

extension OperatorRegistry {
    static let activations: Table = [
        "Relu": .unary(.relu), "Sigmoid": .unary(.sigmoid), "Tanh": .unary(.tanh), "Softplus": .unary(.softplus),
        "Softsign": .unary(.softsign), "Mish": .unary(.mish), "HardSwish": .unary(.hardSwish),
        "PRelu": .binary(.parametricRelu),
        "LeakyRelu": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.unary(.leakyRelu(alpha: try node.float("alpha", default: 0.01))))
        },
        "Elu": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.unary(.elu(alpha: try node.float("alpha", default: 1))))
        },
        "Celu": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.unary(.celu(alpha: try node.float("alpha", default: 1))))
        },
        "Selu": OperatorReader(1...1) { node throws(NodeProblem) in
            let alpha = try node.float("alpha", default: 1.67326319217681884765625)
            let gamma = try node.float("gamma", default: 1.05070102214813232421875)
            try node.emit(.unary(.selu(alpha: alpha, gamma: gamma)))
        },
        "HardSigmoid": OperatorReader(1...1) { node throws(NodeProblem) in
            let alpha = try node.float("alpha", default: 0.2)
            try node.emit(.unary(.hardSigmoid(alpha: alpha, beta: try node.float("beta", default: 0.5))))
        },
        "ThresholdedRelu": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.unary(.thresholdedRelu(alpha: try node.float("alpha", default: 1))))
        },
        "Swish": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emitSwish(alpha: try node.float("alpha", default: 1))
        },
        "Gelu": OperatorReader(1...1) { node throws(NodeProblem) in
            let kind = try node.choice("approximate", default: GELUApproximation.none)
            node.emit(kind == .none ? .erf : .tanh, of: try node.operand(0))
        },
        "Softmax": .softmax { .softmax(axis: $0) },
        "LogSoftmax": .softmax { .logSoftmax(axis: $0) },
    ]
}

private enum GELUApproximation: String, CaseIterable {
    case none, tanh
}

extension OperatorReader {
    /// Before opset 13 all axes from the given one on are one; the default is the second. Since then one axis is
    /// normalised, by default the last.
    fileprivate static func softmax(_ primitive: @escaping @Sendable (Int) -> Primitive) -> OperatorReader {
        OperatorReader(1...1) { node throws(NodeProblem) in
            let axis = try node.int("axis", default: node.opset < 13 ? 1 : -1)
            let rank = try node.rank(0)
            if node.opset >= 13 || axis == -1 || axis == rank - 1 { return try node.emit(primitive(axis)) }
            let x = try node.operand(0)
            let rows = try node.add(.flatten(axis: axis), x)
            let normalised = try node.add(primitive(1), rows)
            try node.emit(.reshape(allowZero: true), [normalised, try node.add(.shape(start: 0, end: nil), x)])
        }
    }
}

extension NodeImport {
    /// x · sigmoid(alpha · x).
    func emitSwish(alpha: Float) throws(NodeProblem) {
        let x = try operand(0)
        let scaled = alpha == 1 ? x : try add(.binary(.multiply), x, constant(alpha))
        try emit(.binary(.multiply), [x, try add(.unary(.sigmoid), scaled)])
    }
}
