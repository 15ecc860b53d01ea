/// Vectors, and tokens, of what passes gave.
extension ModelSession {
    /// What a source is read off; nil for errors, which passes of their own give.
    func output(of source: VectorSource, _ pooling: Pooling) -> String? {
        switch source {
        case .final: pooling.rawValue
        case .block(let index): ModelGraph.block(index)
        case .errors: nil
        }
    }

    /// - Parameter errors: of the patches, where they are among the sources.
    func embedding(
        _ answer: PassAnswer, _ errors: [Float], _ options: EmbeddingOptions, _ hash: String
    ) -> Embedding {
        let (interface, pooling) = (model.interface, options.pooling ?? model.interface.pooling)
        let width = interface.width(of: pooling, options.sources)
        let parts = options.sources.map { source -> (values: ArraySlice<Float>, width: Int) in
            let own = interface.width(of: pooling, [source])
            let values = output(of: source, pooling).map { answer.values[$0] ?? [] } ?? errors[...]
            if case .block = source { return (pooling.pool(values, width: own, prefix: interface.prefix), own) }
            return (values, own)
        }
        let stamp = stamp(of: options, hash: hash, tokens: answer.mask.kept, merge: answer.merge)
        let shape = interface.shape(of: pooling, kept: answer.mask.kept, options.sources) ?? [width]
        return Embedding(
            shape: shape.dropLast() + [stamp.dimension],
            values: options.finish(Self.sideBySide(parts), width: width), stamp: stamp)
    }

    /// The rows of several matrices, each with those of the next behind it.
    private static func sideBySide(_ parts: [(values: ArraySlice<Float>, width: Int)]) -> ArraySlice<Float> {
        guard parts.count > 1, let first = parts.first, first.width > 0 else { return parts.first?.values ?? [] }
        var joined: [Float] = []
        for row in 0..<first.values.count / first.width {
            for (values, width) in parts {
                joined += values.dropFirst(row * width).prefix(width)
            }
        }
        return joined[...]
    }
}
