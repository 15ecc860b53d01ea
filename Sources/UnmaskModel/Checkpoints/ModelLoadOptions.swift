/// What a checkpoint does not say, or should be understood otherwise.
public struct ModelLoadOptions: Sendable {
    /// `[height, width]`; position embeddings are interpolated where it differs from the trained size.
    public var imageSize: [Int]?
    /// How images are prepared, in place of what the files say.
    public var recipe: RecipeOptions
    /// Attention heads, for files that do not state them (their number cannot be told from the tensors).
    public var heads: Int?
    public var decoderHeads: Int?
    /// Whether the decoder predicts normalised patches, for files that do not state it.
    public var normPix: Bool?
    /// The licence to state in what is written.
    public var licence: String?
    /// The tensor that embeddings are made of, by its name in the graph, in place of the model's own.
    public var output: String?

    /// Which of a file's state dicts is read, by `StateDictChoice.key` or the beginning of one; nil for the best.
    public var stateDict: String?

    /// Names of the head's outputs, in order, in place of the file's.
    public var labels: [String]?

    public init(
        imageSize: [Int]? = nil, recipe: RecipeOptions = RecipeOptions(), heads: Int? = nil, decoderHeads: Int? = nil,
        normPix: Bool? = nil, licence: String? = nil, output: String? = nil, stateDict: String? = nil,
        labels: [String]? = nil
    ) {
        self.imageSize = imageSize
        self.recipe = recipe
        self.heads = heads
        self.decoderHeads = decoderHeads
        self.normPix = normPix
        self.licence = licence
        self.output = output
        self.stateDict = stateDict
        self.labels = labels
    }

    /// Throws where a model has not as many outputs as there are labels.
    static func checked(labels: [String], outputs: Int, file: String) throws(ModelError) -> [String] {
        guard labels.count == outputs else {
            throw .invalidRequest(
                "\(file): \(labels.count) labels were given for a head of \(outputs) outputs; expected one for each")
        }
        return labels
    }
}
