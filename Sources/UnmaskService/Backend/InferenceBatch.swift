public import UnmaskImage
public import UnmaskModel

/// Images that share one forward pass, each with its own question.
public struct InferenceBatch: Sendable {
    public var items: [Item]

    public struct Item: Sendable {
        public var image: PixelImage
        /// The patches that the encoder sees; of one batch, all masks keep equally many.
        public var mask: Mask
        /// Tokens that each block merges into others; of one batch all merge equally many.
        public var merge: Int
        public var operation: InferenceOperation

        public init(image: PixelImage, mask: Mask, merge: Int = 0, operation: InferenceOperation) {
            self.image = image
            self.mask = mask
            self.merge = merge
            self.operation = operation
        }
    }

    public init(items: [Item]) {
        self.items = items
    }
}

/// What is asked of one image.
public enum InferenceOperation: Sendable, Hashable {
    case embed(VectorOptions)
    case classify(ClassificationOptions)
    /// All images of a batch with one of these are.
    case reconstruct
}

/// What an embedding is made of.
public struct VectorOptions: Sendable, Hashable {
    public var pooling: Pooling
    /// Scale each vector to length 1, after it was cut to `dimensions`.
    public var normalize: Bool
    /// The leading dimensions to return.
    public var dimensions: Int
    /// What is pooled; what several give stands side by side.
    public var sources: [VectorSource]

    public init(pooling: Pooling, normalize: Bool, dimensions: Int, sources: [VectorSource] = [.final]) {
        self.pooling = pooling
        self.normalize = normalize
        self.dimensions = dimensions
        self.sources = sources
    }
}
