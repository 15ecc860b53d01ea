import UnmaskImage
import UnmaskModel

/// One image of a request: what the scheduler needs to prepare it and to run it.
struct ImageJob: Sendable {
    var model: RegisteredModel
    var source: ImageSource
    var recipe: Recipe.Name
    var mask: Mask
    var operation: InferenceOperation

    var key: BatchKey {
        BatchKey(
            model: ObjectIdentifier(model),
            operation: operation,
            recipe: recipe,
            tokens: 1 + mask.kept,
            maximumItems: model.description.maximumBatch)
    }
}
