public import UnmaskImage
public import UnmaskModel

/// Images that share one forward pass.
public struct InferenceBatch: Sendable {
    public var operation: InferenceOperation
    public var items: [Item]

    public struct Item: Sendable {
        public var image: PixelImage
        /// The patches that the encoder sees; of one batch, all masks keep equally many.
        public var mask: Mask

        public init(image: PixelImage, mask: Mask) {
            self.image = image
            self.mask = mask
        }
    }

    public init(operation: InferenceOperation, items: [Item]) {
        self.operation = operation
        self.items = items
    }
}

/// What a forward pass computes; the same for all items of a batch.
public enum InferenceOperation: Sendable, Hashable {
    case embed(VectorOptions)
    /// The `topK` most probable classes.
    case classify(topK: Int)
    case reconstruct
}

/// What an embedding is made of.
public struct VectorOptions: Sendable, Hashable {
    public var pooling: Pooling
    /// Scale each vector to length 1, after it was cut to `dimensions`.
    public var normalize: Bool
    /// The leading dimensions to return.
    public var dimensions: Int

    public init(pooling: Pooling, normalize: Bool, dimensions: Int) {
        self.pooling = pooling
        self.normalize = normalize
        self.dimensions = dimensions
    }
}
