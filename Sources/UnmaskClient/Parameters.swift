/// What all methods on images take.
public struct ImageRequestOptions: Sendable, Hashable {
    /// A name from `hello`; nil for the default.
    public var model: String?
    /// How images are prepared; nil for the model's own recipe.
    public var recipe: String?
    /// Overrides that of the client's options.
    public var timeout: Duration?
    public var priority: Priority?
    /// How many tokens are merged, and what the server may make of them when its queue is long.
    public var budget: TokenBudget

    public init(
        model: String? = nil, recipe: String? = nil, timeout: Duration? = nil, priority: Priority? = nil,
        budget: TokenBudget = TokenBudget()
    ) {
        self.model = model
        self.recipe = recipe
        self.timeout = timeout
        self.priority = priority
        self.budget = budget
    }

    /// A higher one always goes first.
    public enum Priority: String, Sendable, Encodable {
        case high, normal, low
    }
}

/// What an image may cost in tokens; what was used stands in the answer's stamp.
public struct TokenBudget: Sendable, Hashable {
    /// Tokens that each block merges into others; nil for the model's own.
    public var merge: Int?
    /// The most that the server may make of `merge` when its queue is long; nil: nothing else.
    public var mergeMax: Int?
    /// The least share of the patches that it may make of `keep` then, for vectors and classes; nil: nothing else.
    public var keepMin: Double?

    public init(merge: Int? = nil, mergeMax: Int? = nil, keepMin: Double? = nil) {
        self.merge = merge
        self.mergeMax = mergeMax
        self.keepMin = keepMin
    }
}

/// The patches that an encoder sees; its time falls with them.
public enum Patches: Sendable, Hashable {
    /// A share of them, above 0, drawn by the seed.
    case share(Double, seed: UInt64)
    case ids([Int])

    var keep: KeepParameter {
        switch self {
        case .share(let share, _): .share(share)
        case .ids(let ids): .ids(ids)
        }
    }

    var seed: UInt64? {
        if case .share(_, let seed) = self { seed } else { nil }
    }
}

/// The patches that a reconstruction hides.
public enum HiddenPatches: Sendable, Hashable {
    /// A share of them, below 1, drawn by the seed.
    case ratio(Double, seed: UInt64)
    /// All but these.
    case allBut([Int])
    /// One patch of two by two stays.
    case grid
    /// The middle is hidden.
    case block

    var parameters: ReconstructParameters {
        switch self {
        case .ratio(let ratio, let seed): ReconstructParameters(ratio: ratio, seed: seed)
        case .allBut(let ids): ReconstructParameters(keep: ids)
        case .grid: ReconstructParameters(pattern: "grid")
        case .block: ReconstructParameters(pattern: "block")
        }
    }
}

enum KeepParameter: Encodable {
    case share(Double)
    case ids([Int])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .share(let share): try container.encode(share)
        case .ids(let ids): try container.encode(ids)
        }
    }
}

/// The `params` of a method on images: what all have, and its own beside it.
struct ImageParameters: Encodable {
    var images: [ImageParameter]?
    var model: String?
    var recipe: String?
    var deadlineMs: Int?
    var priority: ImageRequestOptions.Priority?
    var budget: TokenBudget
    var own: any Encodable

    private enum CodingKeys: CodingKey { case images, model, recipe, deadlineMs, priority, merge, mergeMax, keepMin }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(images, forKey: .images)
        try container.encodeIfPresent(model, forKey: .model)
        try container.encodeIfPresent(recipe, forKey: .recipe)
        try container.encodeIfPresent(deadlineMs, forKey: .deadlineMs)
        try container.encodeIfPresent(priority, forKey: .priority)
        try container.encodeIfPresent(budget.merge, forKey: .merge)
        try container.encodeIfPresent(budget.mergeMax, forKey: .mergeMax)
        try container.encodeIfPresent(budget.keepMin, forKey: .keepMin)
        try own.encode(to: encoder)
    }
}

struct EmbedParameters: Encodable {
    var pooling: Pooling?
    var dimensions: Int?
    var normalize: Bool
    var keep: KeepParameter?
    var seed: UInt64?
    var encoding = "frame"
}

struct CompareParameters: Encodable {
    var a: ImageParameter
    var b: ImageParameter
    var pooling: Pooling?
}

struct ClassifyParameters: Encodable {
    var topK: Int?
    var head: String?
    var scores: ScoreKind?
    var threshold: Double?
    var keep: KeepParameter?
    var seed: UInt64?
}

struct SegmentParameters: Encodable {
    var head: String?
    var format = "pixels"
    var encoding = "frame"
}

struct ScoreParameters: Encodable {
    var head: String?
    var threshold: Double?
}

struct SearchParameters: Encodable {
    var index: String?
    var rows: [Int]?
    var k: Int?
    var offset: Int?
    var under: String?
    var conditions: [String]?
    var distinct: Double?
    var mode: SearchMode?

    private enum CodingKeys: String, CodingKey {
        case index, rows, k, offset, under, distinct, mode
        case conditions = "where"
    }
}

struct PictureParameters: Encodable {
    var row: Int
    var index: String?
    var side: Int?
    var encoding = "frame"
}

struct MapParameters: Encodable {
    var index: String?
    var sample: Int?
    var seed: UInt64?
}

/// Of `index.add` and `index.delete`.
struct IndexChangeParameters: Encodable {
    var index: String?
    var names: [String]?
    var metadata: [[String: MetadataValue]]?
}

struct FitParameters: Encodable {
    var name: String
    var labels: [String]?
    var kind: HeadKind?
    var pooling: Pooling?
    var seed: UInt64?
    var by: AnomalyMeasure?
    var passes: Int?
    var masks: [ImageParameter]?
    var classes: [String]?
    var ignore: Int?
    var hidden: Int?
    var path: String?
}

/// A name, and a file on the server.
struct NamedFile: Encodable {
    var name: String
    var path: String?
}

struct ReconstructParameters: Encodable {
    var ratio: Double?
    var seed: UInt64?
    var keep: [Int]?
    var pattern: String?
    var encoding = "frame"
}

/// How an index is searched.
public enum SearchMode: String, Sendable, Encodable {
    /// Every vector is looked at.
    case exact
    /// Approximate, of indexes that were prepared for it (`unmask index approximate`): by signs, along a graph, or in an
    /// inverted file.
    case bits, hnsw, ivfpq
}
