internal import UnmaskGraph

extension Emitter {
    mutating func emitUnary(_ function: UnaryFunction, _ node: Node) throws(ONNXExportError) -> String {
        switch function {
        case .negate: return try plain("Neg", node)
        case .absolute: return try plain("Abs", node)
        case .sign: return try plain("Sign", node)
        case .reciprocal: return try plain("Reciprocal", node)
        case .squareRoot: return try plain("Sqrt", node)
        case .exp: return try plain("Exp", node)
        case .log: return try plain("Log", node)
        case .erf: return try plain("Erf", node)
        case .sine: return try plain("Sin", node)
        case .cosine: return try plain("Cos", node)
        case .tanh: return try plain("Tanh", node)
        case .sigmoid: return try plain("Sigmoid", node)
        case .relu: return try plain("Relu", node)
        case .softplus: return try plain("Softplus", node)
        case .softsign: return try plain("Softsign", node)
        case .floor: return try plain("Floor", node)
        case .ceiling: return try plain("Ceil", node)
        case .round: return try plain("Round", node)
        case .not: return try plain("Not", node)
        case .isNaN: return try plain("IsNaN", node)
        case .mish:
            guard opset < 18 else { return try plain("Mish", node) }
            let x = try operands(of: node)[0]
            let softplus = self.node("Softplus", [x], node.name + "/softplus")
            let tanh = self.node("Tanh", [softplus], node.name + "/tanh")
            return self.node("Mul", [x, tanh], node.name)
        case .hardSwish:
            guard opset < 14 else { return try plain("HardSwish", node) }
            let x = try operands(of: node)[0]
            let gate = self.node(
                "HardSigmoid", [x], node.name + "/gate", ["alpha": .float(1 / 6), "beta": .float(0.5)])
            return self.node("Mul", [x, gate], node.name)
        case .leakyRelu(let alpha): return try plain("LeakyRelu", node, ["alpha": .float(alpha)])
        case .elu(let alpha): return try plain("Elu", node, ["alpha": .float(alpha)])
        case .selu(let alpha, let gamma):
            return try plain("Selu", node, ["alpha": .float(alpha), "gamma": .float(gamma)])
        case .celu(let alpha): return try plain("Celu", node, ["alpha": .float(alpha)], since: 12)
        case .hardSigmoid(let alpha, let beta):
            return try plain("HardSigmoid", node, ["alpha": .float(alpha), "beta": .float(beta)])
        case .thresholdedRelu(let alpha): return try plain("ThresholdedRelu", node, ["alpha": .float(alpha)])
        }
    }

    mutating func emitBinary(_ function: BinaryFunction, _ node: Node) throws(ONNXExportError) -> String {
        switch function {
        case .add: return try plain("Add", node)
        case .subtract: return try plain("Sub", node)
        case .multiply: return try plain("Mul", node)
        case .divide: return try plain("Div", node)
        case .power: return try plain("Pow", node)
        case .minimum: return try plain("Min", node)
        case .maximum: return try plain("Max", node)
        case .modulo: return try plain("Mod", node)
        case .remainder: return try plain("Mod", node, ["fmod": .int(1)])
        case .parametricRelu: return try plain("PRelu", node)
        case .equal: return try plain("Equal", node)
        case .less: return try plain("Less", node)
        case .greater: return try plain("Greater", node)
        case .lessOrEqual: return try emitComparison("LessOrEqual", negated: "Greater", node)
        case .greaterOrEqual: return try emitComparison("GreaterOrEqual", negated: "Less", node)
        case .and: return try plain("And", node)
        case .or: return try plain("Or", node)
        case .xor: return try plain("Xor", node)
        }
    }

    /// a ≤ b as one operator from opset 12, before that as not (a > b), which differs for NaN.
    private mutating func emitComparison(
        _ op: String, negated: String, _ node: Node
    ) throws(ONNXExportError) -> String {
        guard opset < 12 else { return try plain(op, node) }
        let opposite = self.node(negated, try operands(of: node), node.name + "/opposite", type: .bool)
        return self.node("Not", [opposite], node.name, type: .bool)
    }
}
