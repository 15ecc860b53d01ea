import UnmaskModel

/// One image of a request: what the scheduler needs to prepare it and to run it.
struct ImageJob: Sendable {
    var model: RegisteredModel
    var source: ImageSource
    var preparation: Preparation
    var mask: Mask
    /// Tokens that each block merges into others.
    var merge = 0
    var operation: InferenceOperation
    /// What else the image may cost where the queue is long; nil: nothing else.
    var budget: TokenBudget?

    /// The job as it runs at a step of `TokenPressure`.
    func lowered(toStep step: Int) -> ImageJob {
        guard let use = budget?.use(atStep: step) else { return self }
        var job = self
        (job.mask, job.merge) = (use.mask, use.merge)
        return job
    }
}
