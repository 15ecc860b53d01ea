/// What all methods on images take.
public struct ImageRequestOptions: Sendable, Hashable {
    /// A name from `hello`; nil for the default.
    public var model: String?
    /// How images are prepared; nil for the model's own recipe.
    public var recipe: String?
    /// Overrides that of the client's options.
    public var timeout: Duration?
    public var priority: Priority?

    public init(
        model: String? = nil, recipe: String? = nil, timeout: Duration? = nil, priority: Priority? = nil
    ) {
        self.model = model
        self.recipe = recipe
        self.timeout = timeout
        self.priority = priority
    }

    /// A higher one always goes first.
    public enum Priority: String, Sendable, Encodable {
        case high, normal, low
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
    var own: any Encodable

    private enum CodingKeys: CodingKey { case images, model, recipe, deadlineMs, priority }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(images, forKey: .images)
        try container.encodeIfPresent(model, forKey: .model)
        try container.encodeIfPresent(recipe, forKey: .recipe)
        try container.encodeIfPresent(deadlineMs, forKey: .deadlineMs)
        try container.encodeIfPresent(priority, forKey: .priority)
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
    var keep: KeepParameter?
    var seed: UInt64?
}

struct ReconstructParameters: Encodable {
    var ratio: Double?
    var seed: UInt64?
    var keep: [Int]?
    var pattern: String?
    var encoding = "frame"
}
