import UnmaskImage

/// Images with equal keys can share a forward pass.
struct BatchKey: Hashable, Sendable {
    /// The loaded model, by identity.
    var model: ObjectIdentifier
    var operation: InferenceOperation
    var recipe: Recipe.Name
    /// The tokens that the encoder sees, the class token included.
    var tokens: Int
    /// The largest batch that the model takes.
    var maximumItems: Int
}
