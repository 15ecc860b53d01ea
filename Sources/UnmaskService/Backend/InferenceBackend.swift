public import UnmaskImage

/// What the service needs of a model, in plain data: the seam between sockets and engine.
///
/// The service calls `prepare` from several threads of its own at once, and `run` from one thread, one batch at a time
/// over all models. Both may block. Neither may trap on any input.
public protocol InferenceBackend: Sendable {
    var description: ModelDescription { get }

    /// Makes the first request as fast as the others.
    func warmUp() throws

    /// Decodes an encoded image and brings it to the model's size, by one of `description.recipes`.
    func prepare(
        _ encoded: [UInt8], recipe: Recipe.Name, limits: ImageLimits
    ) throws(ImageError) -> PixelImage

    /// Runs one forward pass over a batch, whose size is at most `description.maximumBatch`.
    ///
    /// - Returns: one result for each item, in order. An item's failure leaves the others untouched.
    /// - Throws: where the batch failed as a whole.
    func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>]
}
