/// What made a vector. Vectors with different stamps mean different things and are never to be compared.
public struct Stamp: Sendable, Hashable, Codable {
    /// The model's content hash.
    public let model: String
    /// The recipe's name with the size it makes: `mae 224x224`.
    public let recipe: String
    /// The arithmetic: `f32`.
    public let precision: String
    public let pooling: Pooling
    public let dimension: Int
    /// Patch tokens that the encoder saw.
    public let tokens: Int
    public let normalized: Bool
    /// The tensor that was pooled, such as `blocks.7`; nil for the model's own output.
    public var output: String?
}
