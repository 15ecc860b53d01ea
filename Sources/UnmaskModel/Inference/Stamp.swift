/// What made a vector. Vectors with different stamps mean different things and are never to be compared.
public struct Stamp: Sendable, Hashable, Codable {
    /// The model's content hash.
    public let model: String
    /// The recipe's name with the size it makes: `mae 224x224`.
    public let recipe: String
    /// The arithmetic: `f32`, `bf16` or `int8`.
    public let precision: String
    public let pooling: Pooling
    public let dimension: Int
    /// Patch tokens that the encoder saw.
    public let tokens: Int
    public let normalized: Bool
    /// Tokens that each block merged into others, at most; nil where none were.
    public var merge: Int?
    /// What was pooled, such as `blocks.7`, or `blocks.3+blocks.7` side by side; nil for the model's own output.
    public var output: String?

    public init(
        model: String, recipe: String, precision: String, pooling: Pooling, dimension: Int, tokens: Int,
        normalized: Bool, merge: Int? = nil, output: String? = nil
    ) {
        self.model = model
        self.recipe = recipe
        self.precision = precision
        self.pooling = pooling
        self.dimension = dimension
        self.tokens = tokens
        self.normalized = normalized
        self.merge = merge
        self.output = output
    }
}
