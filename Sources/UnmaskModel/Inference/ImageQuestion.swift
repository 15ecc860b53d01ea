/// What one image of a mixed batch is asked for.
public enum ImageQuestion: Sendable {
    case embed(EmbeddingOptions)
    /// The `topK` most probable classes.
    case classify(topK: Int)
    case reconstruct
}

/// The answer to the question of the same name.
public enum ImageAnswer: Sendable {
    case embedding(Embedding)
    case classes([ClassScore])
    case reconstruction(Reconstruction)
}
