internal import UnmaskGraph

/// A classifier that a backbone is to have as its own.
public struct ReplacementHead: Sendable {
    /// What the linear layer reads.
    public enum Reader: Sendable {
        /// A pooled vector: cls, mean or map.
        case pooled(Pooling)
        /// The patch tokens, by attention: queries [Q, D], whose products with tokens are the scores, and the projection of
        /// values, [D, D].
        case tokens(queries: [Float], value: [Float])
    }

    public var reader: Reader
    /// [outputs, D], row-major.
    public var weight: [Float]
    /// [outputs]
    public var bias: [Float]
    public var labels: [String]
    public var scores: ScoreKind

    public init(reader: Reader, weight: [Float], bias: [Float], labels: [String], scores: ScoreKind) {
        self.reader = reader
        self.weight = weight
        self.bias = bias
        self.labels = labels
        self.scores = scores
    }
}

extension Model {
    /// The same backbone with another head.
    ///
    /// Throws where the model is no Vision Transformer, the sizes are others, or its own head would read other vectors.
    public func replacingHead(_ head: ReplacementHead) throws(ModelError) -> Model {
        guard case .checkpoint(var checkpoint) = source else {
            throw .unsupported(file: name, feature: "it is a graph, whose head cannot be exchanged")
        }
        let width = checkpoint.configuration.outputWidth
        let outputs = head.bias.count
        guard head.weight.count == outputs * width, head.labels.count == outputs, outputs > 0 else {
            throw .invalidRequest(
                "a head of \(head.weight.count) weights, \(outputs) biases and \(head.labels.count) labels over \(width) "
                    + "numbers")
        }
        guard !checkpoint.configuration.composition.isDistilled else {
            throw .unsupported(file: name, feature: "it has two heads, which one cannot replace")
        }
        checkpoint.configuration.classes = outputs
        checkpoint.configuration.composition.headJoinsMean = false
        try read(head.reader, in: &checkpoint)
        checkpoint.tensors["head.weight"] = Tensor(head.weight, shape: [outputs, width])
        checkpoint.tensors["head.bias"] = Tensor(head.bias, shape: [outputs])
        checkpoint.labels = head.labels
        checkpoint.scores = head.scores
        (checkpoint.statedHash, checkpoint.golden) = (nil, nil)
        try checkpoint.finish(file: name, ModelLoadOptions())
        return Model(.checkpoint(checkpoint), name: name)
    }

    private func read(_ reader: ReplacementHead.Reader, in checkpoint: inout Checkpoint) throws(ModelError) {
        let width = checkpoint.configuration.outputWidth
        checkpoint.configuration.composition.tokenProbe = nil
        (checkpoint.tensors[TokenProbe.queries], checkpoint.tensors[TokenProbe.value + ".weight"]) = (nil, nil)
        switch reader {
        case .pooled(let pooling):
            guard [.mean, .cls, .map].contains(pooling), interface.shapes[pooling] != nil else {
                throw .invalidRequest(
                    "a head over \(pooling.rawValue) cannot be the model's own; expected cls, mean or map")
            }
            guard pooling == .mean || !checkpoint.configuration.fcNorm else {
                throw .unsupported(
                    file: name,
                    feature: "its head reads the \(pooling.rawValue) behind fc_norm, which vectors are before")
            }
            checkpoint.configuration.pooling = pooling
        case .tokens(let queries, let value):
            guard value.count == width * width, !queries.isEmpty, queries.count % width == 0 else {
                throw .invalidRequest(
                    "a probe of \(queries.count) numbers of queries and \(value.count) of values over tokens of \(width)"
                )
            }
            let count = queries.count / width
            checkpoint.configuration.composition.tokenProbe = TokenProbe(queries: count)
            checkpoint.tensors[TokenProbe.queries] = Tensor(queries, shape: [1, count, width])
            checkpoint.tensors[TokenProbe.value + ".weight"] = Tensor(value, shape: [width, width])
        }
    }
}

extension Model {
    /// The same backbone, whose own vector (`Pooling.output`) is a projection of the pooled one, [k, D] and [k].
    ///
    /// Throws where the model is no Vision Transformer, or the projection reads another vector than `cls` or `mean`.
    public func projecting(_ pooling: Pooling, weight: [Float], bias: [Float]) throws(ModelError) -> Model {
        guard case .checkpoint(var checkpoint) = source else {
            throw .unsupported(file: name, feature: "it is a graph, whose vector cannot be exchanged")
        }
        let width = checkpoint.configuration.outputWidth
        guard [.cls, .mean].contains(pooling), interface.shapes[pooling] != nil, !bias.isEmpty,
            weight.count == bias.count * width
        else {
            throw .invalidRequest(
                "a projection of \(pooling.rawValue) by \(weight.count) weights and \(bias.count) biases: expected one of "
                    + "cls or mean, of \(width) numbers")
        }
        let parameter = VectorTail.parameter(0)
        for name in checkpoint.tensors.keys where name.hasPrefix("output.") { checkpoint.tensors[name] = nil }
        checkpoint.configuration.vector = VectorTail(pooling: pooling, steps: [.linear(width: bias.count)])
        checkpoint.tensors[parameter + ".weight"] = Tensor(weight, shape: [bias.count, width])
        checkpoint.tensors[parameter + ".bias"] = Tensor(bias, shape: [bias.count])
        (checkpoint.statedHash, checkpoint.golden) = (nil, nil)
        try checkpoint.finish(file: name, ModelLoadOptions())
        return Model(.checkpoint(checkpoint), name: name)
    }
}
