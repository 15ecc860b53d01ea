internal import UnmaskGraph
internal import UnmaskWeights

/// Reading what a file makes of a pooled token.
extension TransformerReader {
    /// No tail that models have is longer.
    private static let mostSteps = 8

    /// The steps from a pooled token to a vector that the graph gives, with their parameters; nil where something else
    /// leads there, or nothing does.
    mutating func tail(from pooled: ValueID, to vector: ValueID, _ pooling: Pooling) -> VectorTail? {
        var found = VectorTail(pooling: pooling, steps: [])
        let before = tensors
        guard follow(pooled, to: vector, &found) else {
            tensors = before
            return nil
        }
        return found
    }

    private mutating func follow(_ x: ValueID, to vector: ValueID, _ tail: inout VectorTail) -> Bool {
        if x == vector { return true }
        guard tail.steps.count < Self.mostSteps else { return false }
        let name = VectorTail.parameter(tail.steps.count)
        for node in users(of: x) {
            let (before, known) = (tail, tensors)
            guard let (step, next) = step(node, x, name) else { continue }
            tail.steps.append(step)
            if follow(next, to: vector, &tail) {
                explain(next)
                return true
            }
            (tail, tensors) = (before, known)
        }
        return false
    }

    private mutating func step(_ node: Node, _ x: ValueID, _ name: String) -> (VectorTail.Step, ValueID)? {
        switch node.op {
        case .linear:
            guard let (output, _) = linear(x, name, of: node), let width = shape(output).width else { return nil }
            return (.linear(width: width), output)
        case .layerNorm:
            return layerNorm(x, name, of: node).map { (.layerNorm(epsilon: $0.epsilon), $0.output) }
        case .gelu(let kind): return (.gelu(kind), node.output)
        case .primitive(.unary(.tanh)): return (.tanh, node.output)
        case .primitive(.unary(.sigmoid)): return (.sigmoid, node.output)
        case .primitive(.unary(.relu)): return (.relu, node.output)
        case .primitive(.lpNormalization(let axis, order: 2)) where axis == -1 || axis == 1:
            return (.unitLength, node.output)
        case .primitive(.binary(.divide)):
            guard node.inputs.first == x, let divisor = node.inputs[1], isLength(divisor, of: x) else { return nil }
            return (.unitLength, node.output)
        default: return nil
        }
    }

    /// Whether a value is the length of each row of x, perhaps kept from 0 and spread over the row.
    private func isLength(_ id: ValueID, of x: ValueID) -> Bool {
        var id = id
        for _ in 0..<Self.mostSteps {
            guard let node = producer(of: id), case .primitive(let primitive) = node.op,
                let operand = node.inputs.first ?? nil
            else { return false }
            switch primitive {
            case .expand, .identity, .clip: id = operand
            case .binary(.maximum):
                guard let other = node.inputs.last ?? nil else { return false }
                id = isConstant(operand) ? other : operand
            case .reduce(.l2, keepAxes: true, _):
                guard operand == x, node.inputs.count > 1, let axes = node.inputs[1] else { return false }
                return [[1], [-1]].contains(integers(axes))
            default: return false
            }
        }
        return false
    }
}
