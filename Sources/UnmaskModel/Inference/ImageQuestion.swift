/// What one image of a mixed batch is asked for.
public enum ImageQuestion: Sendable {
    case embed(EmbeddingOptions)
    case classify(ClassificationOptions)
    case reconstruct
}

/// The answer to the question of the same name.
public enum ImageAnswer: Sendable {
    case embedding(Embedding)
    case classes([ClassScore])
    case reconstruction(Reconstruction)
}
