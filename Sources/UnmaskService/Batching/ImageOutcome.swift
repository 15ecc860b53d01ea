/// What became of one image.
struct ImageOutcome: Sendable {
    var result: Result<InferenceOutput, ServiceError>
    var times = StageTimes()
    /// What the image was run with, or would have been; nil where it never came to the queue.
    var use: TokenUse?
    /// When the result was there.
    var finished = ContinuousClock.now
}

/// How long an image spent in each stage.
struct StageTimes: Sendable {
    /// Reading, decoding and resizing.
    var decode = Duration.zero
    /// Waiting, before it was prepared and after.
    var queue = Duration.zero
    /// The forward pass of the batch it was in.
    var inference = Duration.zero
    /// The image's part of that pass.
    var cost = Duration.zero
}
