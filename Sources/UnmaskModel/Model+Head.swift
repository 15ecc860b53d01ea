internal import UnmaskGraph

extension Model {
    /// The same backbone with another head: a linear layer over its pooled vector, [outputs, D] and [outputs].
    ///
    /// Throws where the model is no Vision Transformer, or its own head would read another vector than `pooling` gives.
    public func replacingHead(
        weight: [Float], bias: [Float], labels: [String], scores: ScoreKind, pooling: Pooling
    ) throws(ModelError) -> Model {
        guard case .checkpoint(var checkpoint) = source else {
            throw .unsupported(file: name, feature: "it is a graph, whose head cannot be exchanged")
        }
        let width = checkpoint.configuration.outputWidth
        guard weight.count == bias.count * width, labels.count == bias.count, !bias.isEmpty else {
            throw .invalidRequest(
                "a head of \(weight.count) weights, \(bias.count) biases and \(labels.count) labels over \(width) numbers"
            )
        }
        guard [.mean, .cls, .map].contains(pooling), interface.shapes[pooling] != nil else {
            throw .invalidRequest(
                "a head over \(pooling.rawValue) cannot be the model's own; expected cls, mean or map")
        }
        guard pooling == .mean || !checkpoint.configuration.fcNorm else {
            throw .unsupported(
                file: name, feature: "its head reads the \(pooling.rawValue) behind fc_norm, which vectors are before")
        }
        guard !checkpoint.configuration.composition.isDistilled else {
            throw .unsupported(file: name, feature: "it has two heads, which one cannot replace")
        }
        checkpoint.configuration.classes = bias.count
        checkpoint.configuration.pooling = pooling
        checkpoint.configuration.composition.headJoinsMean = false
        checkpoint.tensors["head.weight"] = Tensor(weight, shape: [bias.count, width])
        checkpoint.tensors["head.bias"] = Tensor(bias, shape: [bias.count])
        checkpoint.labels = labels
        checkpoint.scores = scores
        (checkpoint.statedHash, checkpoint.golden) = (nil, nil)
        try checkpoint.finish(file: name, ModelLoadOptions())
        return Model(.checkpoint(checkpoint), name: name)
    }
}
