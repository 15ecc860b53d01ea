public import UnmaskModel

/// What a model computed for one image.
public enum InferenceOutput: Sendable {
    case embedding(EmbeddingOutput)
    case classes([ClassScore])
    case reconstruction(ReconstructionOutput)
}

public struct EmbeddingOutput: Sendable, Equatable {
    /// Row-major, `shape` elements.
    public var values: [Float]
    /// `[D]`, or `[K, D]` for `tokens` pooling.
    public var shape: [Int]

    public init(values: [Float], shape: [Int]) {
        self.values = values
        self.shape = shape
    }
}

public struct ReconstructionOutput: Sendable, Equatable {
    public var pictures: ReconstructionPictures
    /// The mean squared error of each patch against the original, in normalised pixels, `[N]`.
    public var patchErrors: [Float]

    public init(pictures: ReconstructionPictures, patchErrors: [Float]) {
        (self.pictures, self.patchErrors) = (pictures, patchErrors)
    }
}

extension EmbeddingOutput: NumericResult {
    public static var resultName: String { Embedding.resultName }
    public var isFinite: Bool { values.allSatisfy(\.isFinite) }
}

extension ReconstructionOutput: NumericResult {
    public static var resultName: String { Reconstruction.resultName }
    /// A prediction that is not finite leaves no error finite.
    public var isFinite: Bool { patchErrors.allSatisfy(\.isFinite) }
}
