public import UnmaskModel

extension Head {
    /// The backbone that it was fitted on with this head as its own: one model, whose answers are those of both.
    ///
    /// Throws where it was fitted on other vectors than such a head reads, or is no linear layer.
    /// - Parameter name: what the head is called.
    public func attached(to model: Model, name: String) throws -> Model {
        guard case .linear(let layer) = computation else {
            throw HeadError.unsupported(
                "\(name): a head of kind \(kind.rawValue) holds training vectors and is no layer of a model; classify, eval "
                    + "and serve take it with --head")
        }
        let session = try ModelSession(model, maximumBatch: 1)
        try requireFit(for: session.stamp(of: EmbeddingOptions(pooling: stamp.pooling)), name: name)
        // Temperature is part of the layer then.
        let scale = Float(1 / calibration.temperature)
        return try model.replacingHead(
            weight: layer.weight.map { $0 * scale }, bias: layer.bias.map { $0 * scale }, labels: labels,
            scores: kind.scores[0], pooling: stamp.pooling)
    }
}
