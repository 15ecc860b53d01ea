public import UnmaskModel

extension Head {
    /// The backbone that it was fitted on with this head as its own: one model, whose answers, or of `project` whose vectors, are
    /// those of both.
    ///
    /// Throws where it was fitted on other vectors than such a head reads, or is no layer.
    /// - Parameter name: what the head is called.
    public func attached(to model: Model, name: String) throws -> Model {
        let (reader, layer): (ReplacementHead.Reader, AffineLayer)
        switch computation {
        case .linear(let own): (reader, layer) = (.pooled(stamp.pooling), own)
        case .attention(let pooling, let own):
            (reader, layer) = (.tokens(queries: pooling.queries, value: pooling.value), own)
        case .neighbours, .anomaly, .segmentation:
            let what = kind == .segment ? "answers pixels" : "holds what it was fitted on"
            throw HeadError.unsupported(
                "\(name): a head of kind \(kind.rawValue) \(what) and is no layer of a model: give it with --head")
        }
        let session = try ModelSession(model, maximumBatch: 1)
        try requireFit(for: session.stamp(of: EmbeddingOptions(pooling: stamp.pooling)), name: name)
        if kind == .project {
            return try model.projecting(stamp.pooling, weight: layer.weight, bias: layer.bias)
        }
        // Temperature is part of the layer then.
        let scale = Float(1 / calibration.temperature)
        return try model.replacingHead(
            ReplacementHead(
                reader: reader, weight: layer.weight.map { $0 * scale }, bias: layer.bias.map { $0 * scale },
                labels: labels, scores: kind.scores.first ?? .logits))
    }
}
