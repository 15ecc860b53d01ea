public import UnmaskImage
public import UnmaskModel

/// What the service needs of a model, in plain data: the seam between sockets and engine.
///
/// The service calls `prepare` from several threads of its own at once, and `run` from one thread, one batch at a time
/// over all models. Both may block. Neither may trap on any input.
public protocol InferenceBackend: Sendable {
    var description: ModelDescription { get }

    /// Makes the first request as fast as the others, and tries the model on the golden image. Other models' batches run
    /// meanwhile, and wait for no more than a slice of this.
    ///
    /// - Returns: what it made of it, as `ModelSession.goldenVector()`; nil where it makes nothing of it, or was not
    ///   tried.
    func warmUp() throws -> GoldenVector?

    /// Waits until what `warmUp` may have left to be done beside the first requests is done, so that none waits for it.
    func settle()

    /// Decodes an encoded image and brings it to the model's size, by one of `description.recipes`, asking `control` all
    /// the while whether to go on.
    func prepare(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage

    /// The whole upright image as a recipe reads it, in 3 channels: what tells images apart whatever file they came in.
    func decode(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage

    /// Brings pixels to the model's size, by one of `description.recipes`; they have 1 or 3 channels.
    func prepare(_ pixels: PixelImage, recipe: RecipeChoice) throws(ImageError) -> PixelImage

    /// Where an upright image of that size lies in what the model sees of it, by one of `description.recipes`.
    func view(of recipe: RecipeChoice, width: Int, height: Int) throws(ImageError) -> RecipeView

    /// Runs one forward pass over a batch, whose images are no more than `description.maximumBatch`, or, where they are
    /// masked, have no more tokens than that many whole ones.
    ///
    /// - Returns: one result for each item, in order. An item's failure leaves the others untouched.
    /// - Throws: where the batch failed as a whole.
    func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>]
}

extension InferenceBackend {
    public func settle() {}
}
