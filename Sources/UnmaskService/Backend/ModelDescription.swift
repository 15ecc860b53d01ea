/// What a client may know of a model, and what the service needs to plan with it.
public struct ModelDescription: Sendable, Equatable {
    /// A hash of the weights; part of every stamp.
    public var hash: String
    /// For people, such as `vit-b/16`.
    public var architecture: String
    public var width: Int
    public var depth: Int
    public var heads: Int
    public var patchSize: Int
    /// `[height, width]` in pixels.
    public var imageSize: [Int]
    public var channels: Int
    /// N: the patches of a whole image.
    public var patches: Int
    public var precision: String
    /// The recipes that `prepare` takes; the first is the model's own.
    public var recipes: [String]
    /// Empty where the model has no classification head.
    public var labels: [String]
    public var hasHead: Bool
    public var hasDecoder: Bool
    /// Whether the decoder predicts normalised patches (`norm_pix`), which become colours with each original patch's
    /// own mean and variance: statistics that someone who had only the visible patches would not have.
    public var predictsNormalizedPixels: Bool
    public var licence: String
    /// The largest batch that `run` takes.
    public var maximumBatch: Int

    public init(
        hash: String, architecture: String, width: Int, depth: Int, heads: Int, patchSize: Int, imageSize: [Int],
        channels: Int, patches: Int, precision: String, recipes: [String], labels: [String], hasHead: Bool,
        hasDecoder: Bool, predictsNormalizedPixels: Bool, licence: String, maximumBatch: Int
    ) {
        self.hash = hash
        self.architecture = architecture
        self.width = width
        self.depth = depth
        self.heads = heads
        self.patchSize = patchSize
        self.imageSize = imageSize
        self.channels = channels
        self.patches = patches
        self.precision = precision
        self.recipes = recipes
        self.labels = labels
        self.hasHead = hasHead
        self.hasDecoder = hasDecoder
        self.predictsNormalizedPixels = predictsNormalizedPixels
        self.licence = licence
        self.maximumBatch = maximumBatch
    }
}
