internal import UnmaskONNX

/// Keys of what an exported file says of its model in `metadata_props`. Values that are not plain text are JSON, spelled as
/// in Unmask's own checkpoints.
package enum ONNXMetadata {
    /// The recipe by which images are prepared.
    package static let recipe = "unmask.recipe"
    /// The head's labels, in order: an array of text.
    package static let labels = "unmask.labels"
    /// What the head's outputs are, where they are not the logits of classes that exclude one another: a `ScoreKind`.
    package static let scores = "unmask.scores"
    package static let licence = "unmask.licence"
    /// The content hash of the model that was exported.
    package static let hash = "unmask.hash"
    /// `encoder`, `classifier` or `mae`.
    package static let part = "unmask.part"
    /// Of the encoder's output.
    package static let pooling = "unmask.pooling"
    /// The model's configuration.
    package static let configuration = "unmask.config"
    /// `fp32`, `fp16` or `int8`.
    package static let precision = "unmask.precision"

    /// What a file that prepares images itself calls the prepared pixels.
    package static let preparedPixels = ExportPreprocessing.result
}
