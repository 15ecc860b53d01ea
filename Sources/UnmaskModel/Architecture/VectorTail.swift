public import UnmaskGraph
internal import UnmaskWeights

/// What a file makes of a pooled token behind a Vision Transformer: the vector that the file itself gives. A projection, a
/// pooler, a normalisation, or nothing at all where the file gives the pooled token as it is.
public struct VectorTail: Sendable, Equatable, Codable {
    /// One step over rows [B, n]. Parameters of the step at place i are called `output.i.weight` and `output.i.bias`.
    public enum Step: Sendable, Equatable, Codable {
        /// To so many numbers.
        case linear(width: Int)
        case layerNorm(epsilon: Float)
        case gelu(GELU)
        case tanh, sigmoid, relu
        /// To length 1.
        case unitLength
    }

    /// What the first step reads: `cls`, or `mean` with the model's `fc_norm`.
    public var pooling: Pooling
    public var steps: [Step]

    public init(pooling: Pooling, steps: [Step]) {
        self.pooling = pooling
        self.steps = steps
    }

    static func parameter(_ step: Int) -> String { "output.\(step)" }

    /// The numbers of the vector that a pooled token of `width` becomes.
    func width(from width: Int) -> Int {
        steps.reduce(width) { if case .linear(let width) = $1 { width } else { $0 } }
    }
}

extension LayerBuilder {
    /// A pooled token [B, D] → the file's own vector [B, n].
    mutating func tail(_ tail: VectorTail, _ pooled: ValueID) throws(ModelError) -> ValueID {
        var x = pooled
        for (index, step) in tail.steps.enumerated() {
            let name = VectorTail.parameter(index)
            switch step {
            case .linear(let width): x = try linear(x, name, to: width)
            case .layerNorm(let epsilon): x = try norm(x, name, epsilon: epsilon)
            case .gelu(let kind): x = graph.add(.gelu(kind), named: name, [x], shape: graph[x].shape)
            case .tanh: x = graph.add(.primitive(.unary(.tanh)), named: name, [x], shape: graph[x].shape)
            case .sigmoid: x = graph.add(.primitive(.unary(.sigmoid)), named: name, [x], shape: graph[x].shape)
            case .relu: x = graph.add(.primitive(.unary(.relu)), named: name, [x], shape: graph[x].shape)
            case .unitLength:
                x = graph.add(
                    .primitive(.lpNormalization(axis: -1, order: 2)), named: name, [x], shape: graph[x].shape)
            }
        }
        return x
    }
}
