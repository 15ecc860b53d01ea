import UnmaskModel

/// One image of a request: what the scheduler needs to prepare it and to run it.
struct ImageJob: Sendable {
    var model: RegisteredModel
    var source: ImageSource
    var preparation: Preparation
    var mask: Mask
    var operation: InferenceOperation
}
