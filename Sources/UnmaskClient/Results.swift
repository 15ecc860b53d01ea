/// What the server made of a request's images.
public struct ImageResults<Item: Sendable>: Sendable {
    /// Entry `i` belongs to image `i`.
    public var results: [Result<Item, RemoteError>]
    public var timing: StageTimes
    /// What made the results. Vectors with different stamps must not be compared.
    public var stamp: Stamp
}

/// How long a request, and of its images the one that was finished last, spent in each stage, in microseconds.
public struct StageTimes: Sendable, Hashable, Decodable {
    /// From the last byte of the request to the writing of the answer.
    public var total: Int
    /// Waiting, before decoding and after; nil where no image was run, as the others below.
    public var queue: Int?
    /// Reading, decoding and resizing.
    public var decode: Int?
    /// The forward pass of its batch.
    public var inference: Int?
    /// Writing the results.
    public var encode: Int?
}

/// What made a result.
public struct Stamp: Sendable, Hashable, Decodable {
    /// The content hash of the weights.
    public var model: String
    public var recipe: String
    public var precision: String
    /// The patch tokens that the encoder saw.
    public var tokens: Int
    /// Tokens that each block merged into others, at most; nil where none were.
    public var merge: Int?
    /// Of vectors only, as the two below.
    public var pooling: Pooling?
    public var dimension: Int?
    public var normalized: Bool?
    /// Only where a block's output was asked for.
    public var output: String?
}

public enum Pooling: String, Sendable, Codable {
    case cls
    /// The mean of the patch tokens.
    case mean
    /// Attention pooling, of models that have it.
    case map
    /// All patch tokens.
    case tokens
    /// What the graph of a model that is not a checkpoint gives as its vector.
    case output
}

/// A vector, or one for each token.
public struct Vector: Sendable, Equatable {
    /// Row-major, `shape` numbers.
    public var values: [Float]
    /// `[D]`, or `[K, D]` for `tokens`.
    public var shape: [Int]
}

public struct Label: Sendable, Hashable, Decodable {
    public var label: String
    public var index: Int
    public var probability: Float?
    /// In place of a probability, where logits were asked for.
    public var logit: Float?
    /// In place of a probability, of a regression.
    public var value: Float?
}

/// What the numbers are that a head gives for its labels.
public enum ScoreKind: String, Sendable, Encodable {
    /// Of classes that exclude one another.
    case probabilities
    /// Of labels of which any number may be true.
    case sigmoid
    case logits
    /// Quantities, as they are.
    case values
}

/// What an index has that is like an image.
public struct Neighbour: Sendable, Hashable, Decodable {
    /// The cosine.
    public var similarity: Float
    /// Of images of equal pixels.
    public var paths: [String]
    /// What each of them carries; nil where none carries anything.
    public var metadata: [[String: MetadataValue]]?
    /// Its number in the index, by which pictures and further searches know it.
    public var row: Int
}

/// Where rows of an index lie in a plane: along the two directions in which their vectors differ most.
public struct IndexMap: Sendable, Hashable, Decodable {
    /// How many the index has.
    public var vectors: Int
    /// Ascending.
    public var rows: [Int]
    /// Of each row, from their mean.
    public var x: [Float]
    public var y: [Float]
    /// Of each row, the first of its images.
    public var paths: [String]
    /// What each direction has of the variance of these rows.
    public var shares: [Double]
}

/// What became of an image that was added to an index.
public struct IndexAddition: Sendable, Hashable, Decodable {
    /// Whether the index had its pixels already: their vector stands for this image too.
    public var isDuplicate: Bool
    /// Whether another image had its name, and is there no longer.
    public var isReplacement: Bool

    private enum CodingKeys: String, CodingKey {
        case isDuplicate = "duplicate"
        case isReplacement = "replaced"
    }
}

/// The class of every pixel of an image.
public struct Segmentation: Sendable, Hashable {
    /// Class numbers, `[height, width]`, at the model's size.
    public var mask: [UInt8]
    /// `[height, width]`.
    public var shape: [Int]
    /// Classes that have a pixel, the largest share first.
    public var classes: [ClassShare]
}

/// How much of an image is of a class.
public struct ClassShare: Sendable, Hashable, Decodable {
    public var label: String
    public var index: Int
    /// Of the image's pixels.
    public var share: Double
}

/// How strange an image looks.
public struct Score: Sendable, Hashable, Decodable {
    /// The largest of its patches'.
    public var score: Float
    /// Whether that is what the head calls anomalous.
    public var anomalous: Bool
    /// How strange each patch looks, row by row.
    public var patches: [Float]
}

/// The rebuilt image.
public struct Picture: Sendable, Equatable {
    /// A PNG file: original, masked, reconstruction, and reconstruction with the visible patches, side by side.
    public var png: [UInt8]
    /// `[height, width, channels]`.
    public var shape: [Int]
    /// The mean squared error of each patch against the original, in normalised pixels, `[N]`.
    public var patchErrors: [Float]
}
