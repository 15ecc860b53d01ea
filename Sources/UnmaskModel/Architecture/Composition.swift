public import UnmaskGraph

/// What a Vision Transformer is put together of, beyond its sizes. The value without arguments is the plain Vision
/// Transformer (Dosovitskiy et al. 2020): one CLS token, learned positions for it and the patches, pre-norm blocks.
public struct Composition: Sendable, Equatable, Codable {
    public var tokens = TokenPlan()
    /// What stands in the place of a stack of equal blocks; nil: nothing.
    public var trunk: Trunk?
    public var block = BlockPlan()
    /// Of the norm behind the blocks, and of the one behind the pooling, where they are not that of the others.
    public var finalNormEpsilon: Float?
    public var fcNormEpsilon: Float?
    /// What follows the last block; nil: nothing.
    public var neck: Neck?
    /// Attention pooling over the finished tokens; nil: there is none.
    public var attentionPool: AttentionPool?
    /// What the head reads in place of a pooled vector; nil: that is what it reads.
    public var tokenProbe: TokenProbe?
    /// Whether a second head reads the second prefix token, the logits being the mean of both (Touvron et al. 2021).
    public var isDistilled = false
    /// Whether the head reads the CLS token and the patches' mean side by side.
    public var headJoinsMean = false
    /// What the head reads where it is not the pooled vector.
    public var headInput: HeadInput?

    public init() {}

    /// Tokens in front of the patches.
    public var prefixCount: Int { tokens.prefix.reduce(0) { $0 + $1.count } }
    /// Whether the first token is a CLS token.
    public var hasClassToken: Bool { tokens.prefix.first?.name == PrefixToken.cls.name }
}

/// What a head reads in the pooled vector's stead.
public enum HeadInput: String, Sendable, Codable {
    /// What the model makes of it (`VectorTail`).
    case vector
}

/// Tokens of a parameter `[1, count, D]` in front of the patches.
public struct PrefixToken: Sendable, Hashable, Codable {
    /// The parameter's name.
    public var name: String
    public var count: Int

    public init(name: String, count: Int) {
        self.name = name
        self.count = count
    }

    public static let cls = PrefixToken(name: "cls_token", count: 1)
    public static let distillation = PrefixToken(name: "dist_token", count: 1)
    /// Registers (Darcet et al. 2023).
    public static func registers(_ count: Int) -> PrefixToken { PrefixToken(name: "reg_token", count: count) }

    static let names: Set = ["cls_token", "dist_token", "reg_token"]
}

/// What the first block reads.
public struct TokenPlan: Sendable, Equatable, Codable {
    /// In order.
    public var prefix: [PrefixToken] = [.cls]
    /// How many tokens of the prefix, from its first one, have learned positions, as the patches then have; nil: no token
    /// has any.
    public var positioned: Int? = 1
    /// Whether the patch embedding has a bias.
    public var patchBias = true
    /// Whether the embedded patches are normalised before anything is added.
    public var patchNorm = false
    /// Whether the tokens are normalised before the first block.
    public var preNorm = false

    public init() {}
}

/// What all blocks of an encoder are.
public struct BlockPlan: Sendable, Equatable, Codable {
    public enum Norm: String, Sendable, Codable {
        case layer, rms
        /// By the deviation alone: the mean stays.
        case deviation
    }

    /// Where a branch's norm stands.
    public enum NormPlace: String, Sendable, Codable {
        /// x + f(norm(x)).
        case before
        /// x + norm(f(x)).
        case after
    }

    public enum RelativePositions: String, Sendable, Codable {
        /// A table for each block.
        case perBlock
        /// One table for all of them.
        case shared
        /// Two tables for each block, of rows and of columns, that queries are multiplied with (Li et al. 2022).
        case decomposed
    }

    /// Of all norms, those behind the blocks too.
    public var norm = Norm.layer
    public var normPlace = NormPlace.before
    /// The width of queries, keys and values each; nil: the tokens' width.
    public var attentionWidth: Int?
    /// Whether queries and keys are normalised, head by head.
    public var queryKeyNorm = false
    public var rotary: Rotary?
    /// Whether biases by relative position are added to attention's scores (Bao et al. 2021).
    public var relativePositions: RelativePositions?
    /// Windows within which tokens attend to one another; nil: they attend to all.
    public var windows: WindowPlan?
    /// Whether what is attended to is normalised before the projection.
    public var attentionNorm = false
    public var projectionBias = true
    /// What the MLP's first half is activated by before it is multiplied with the second one; nil: a plain MLP.
    public var gate: Gate?
    /// Whether the MLP's middle is normalised.
    public var mlpNorm = false
    public var mlpBias = true
    /// Whether each branch is multiplied by a learned row (Touvron et al. 2021).
    public var layerScale = false

    public init() {}
}

/// Attention pooling (Zhai et al. 2022): learned queries attend to the tokens; a projection, and an MLP on it, follow.
public struct AttentionPool: Sendable, Equatable, Codable {
    public var heads: Int
    public var mlpWidth: Int
    public var gelu: GELU
    /// Whether it reads the prefix as well as the patches.
    public var readsPrefix: Bool

    public init(heads: Int, mlpWidth: Int, gelu: GELU, readsPrefix: Bool) {
        self.heads = heads
        self.mlpWidth = mlpWidth
        self.gelu = gelu
        self.readsPrefix = readsPrefix
    }
}
