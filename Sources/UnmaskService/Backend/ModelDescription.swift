public import UnmaskModel

/// What a client may know of a model, and what the service needs to plan with it.
public struct ModelDescription: Sendable {
    /// The content hash of the weights; part of every stamp.
    public var hash: String
    /// What it takes and gives.
    public var interface: ModelInterface
    /// Of the arithmetic, such as `f32`.
    public var precision: String
    /// What `prepare` takes; the first is the model's own.
    public var recipes: [RecipeChoice]
    /// Of the classification head; empty where there is none, or where its classes have no names.
    public var labels: [String]
    /// Nil where the checkpoint states none.
    public var licence: String?
    /// The largest batch of whole images that `run` takes.
    public var maximumBatch: Int
    /// What the checkpoint says that the model makes of the golden image; nil where it does not say.
    public var golden: GoldenVector?
    /// Tokens that each block merges into others where a request does not say; 0 for none.
    public var merge: Int
    /// Why tokens cannot be merged in this model; nil where they can.
    public var mergeRefusal: String?

    public init(
        hash: String, interface: ModelInterface, precision: String, recipes: [RecipeChoice], labels: [String],
        licence: String?, maximumBatch: Int, golden: GoldenVector? = nil, merge: Int = 0, mergeRefusal: String? = nil
    ) {
        self.hash = hash
        self.interface = interface
        self.precision = precision
        self.recipes = recipes
        self.labels = labels
        self.licence = licence
        self.maximumBatch = maximumBatch
        self.golden = golden
        self.merge = merge
        self.mergeRefusal = mergeRefusal
    }
}
