/// One image of a request: what the scheduler needs to prepare it, run it and hand its result back.
struct ImageJob: Sendable {
    var model: RegisteredModel
    var source: ImageSource
    var idsKeep: [Int]?
    var operation: InferenceOperation
    var recipe: String
    var options: OutputOptions

    var key: BatchKey {
        BatchKey(
            model: ObjectIdentifier(model),
            operation: operation,
            recipe: recipe,
            tokens: 1 + (idsKeep?.count ?? model.description.patches),
            maximumItems: model.description.maximumBatch)
    }
}

/// What became of one image.
struct ImageOutcome: Sendable {
    var result: Result<InferenceOutput, ServiceError>
    var times = StageTimes()
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
}
