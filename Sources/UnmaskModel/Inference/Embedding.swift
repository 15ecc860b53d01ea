/// One image's vector, or its patch tokens.
public struct Embedding: Sendable {
    /// `[D]`, or `[K, D]` for `tokens` pooling.
    public let shape: [Int]
    /// Row-major.
    public let values: [Float]
    public let stamp: Stamp
}

/// How embeddings are made.
public struct EmbeddingOptions: Sendable {
    /// Nil: the model's own, for a Vision Transformer `mean` where its head reads the mean, else `cls`.
    public var pooling: Pooling?
    /// Scale each vector to length 1.
    public var normalize: Bool
    /// Keep only the first numbers of each vector, before normalising.
    public var dimensions: Int?
    /// What is pooled; what several give stands side by side.
    public var sources: [VectorSource]

    public init(
        pooling: Pooling? = nil, normalize: Bool = false, dimensions: Int? = nil, sources: [VectorSource] = [.final]
    ) {
        self.pooling = pooling
        self.normalize = normalize
        self.dimensions = dimensions
        self.sources = sources
    }

    /// Of the residual stream behind one block; nil: of the finished tokens.
    public init(pooling: Pooling? = nil, normalize: Bool = false, dimensions: Int? = nil, block: Int?) {
        self.init(
            pooling: pooling, normalize: normalize, dimensions: dimensions,
            sources: [block.map { .block($0) } ?? .final])
    }

    /// Throws `ModelError.invalidRequest` where the model does not pool so, its vectors cannot be cut so, or it has no
    /// such block.
    public func validate(for model: Model) throws(ModelError) {
        let pooling = pooling ?? model.interface.pooling
        guard model.interface.shapes[pooling] != nil else {
            let offered = model.interface.poolings.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest(
                "pooling \(pooling.rawValue): this model offers \(offered.isEmpty ? "no embeddings" : offered)")
        }
        try model.interface.require(sources, of: pooling)
        let width = model.interface.width(of: pooling, sources)
        if let dimensions, !(1...width).contains(dimensions) {
            throw .invalidRequest("\(dimensions) dimensions: this model's vectors have 1 to \(width)")
        }
    }

    /// The first numbers of each row, and its length made 1 where asked; the norm is summed in Double, and a row of
    /// zeros stays zero.
    func finish(_ values: ArraySlice<Float>, width: Int) -> [Float] {
        let kept = dimensions ?? width
        var result: [Float] = []
        result.reserveCapacity(values.count / width * kept)
        for start in stride(from: values.startIndex, to: values.endIndex, by: width) {
            let row = values[start..<start + kept]
            let length = normalize ? row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() : 1
            result += length > 0 && length != 1 ? row.map { Float(Double($0) / length) } : Array(row)
        }
        return result
    }
}
