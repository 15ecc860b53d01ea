extension ModelSession {
    /// The stamp that this session's vectors have.
    ///
    /// - Parameter tokens: patches that the encoder sees; nil: all.
    public func stamp(of options: EmbeddingOptions, tokens: Int? = nil) throws(ModelError) -> Stamp {
        try options.validate(for: model)
        return stamp(of: options, hash: try model.hash, tokens: tokens ?? model.interface.patches, merge: merge)
    }

    func stamp(of options: EmbeddingOptions, hash: String, tokens: Int, merge: Int) -> Stamp {
        let pooling = options.pooling ?? model.interface.pooling
        return Stamp(
            model: hash, recipe: model.recipe.stamp, precision: precision.rawValue, pooling: pooling,
            dimension: options.dimensions ?? model.interface.width(of: pooling, options.sources), tokens: tokens,
            normalized: options.normalize, merge: merge > 0 ? merge : nil,
            output: options.sources.output)
    }
}
