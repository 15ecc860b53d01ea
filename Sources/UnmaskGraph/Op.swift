/// Which GELU: the exact one, or an approximation that some checkpoints were trained with.
public enum GELU: String, Sendable, Codable, CaseIterable {
    case erf, tanh
    /// x · sigmoid(1.702 x), CLIP's.
    case quick
    /// SiLU, x · sigmoid(x), which Hendrycks and Gimpel (2016) name beside it.
    case silu
}

/// Attention whose queries, keys and values come from anywhere.
public struct SeparateAttention: Sendable, Hashable, Codable {
    public var heads: Int
    /// What the scores are multiplied by.
    public var scale: Float
    /// The columns at which q, k and v begin in operands of rank 3: 0 where they fill them.
    public var columns: [Int]

    public init(heads: Int, scale: Float, columns: [Int] = [0, 0, 0]) {
        self.heads = heads
        self.scale = scale
        self.columns = columns
    }
}

/// Which tokens of a block are merged (Bolya et al. 2022): the `merged` most alike, by their keys, as `MergeTokens` says.
public struct TokenMatching: Sendable, Hashable {
    /// Of the attention whose keys they are, and the numbers of a head.
    public var heads: Int, headWidth: Int
    /// The column at which the keys begin in an operand of rank 3.
    public var column: Int
    /// Tokens at the beginning that stay as they are.
    public var fixed: Int
    /// Tokens fewer than before.
    public var merged: Int

    public init(heads: Int, headWidth: Int, column: Int, fixed: Int, merged: Int) {
        self.heads = heads
        self.headWidth = headWidth
        self.column = column
        self.fixed = fixed
        self.merged = merged
    }
}

/// What a gated MLP's first half goes through before it is multiplied with the second one.
public enum Gate: Sendable, Hashable, Codable {
    /// x · sigmoid(x).
    case silu
    case gelu(GELU)
}

/// Queries and keys whose heads are normalised each by itself.
public struct HeadNorm: Sendable, Hashable, Codable {
    public var heads: Int
    public var epsilon: Float
    /// Whether it is an RMSNorm.
    public var isRMS: Bool

    public init(heads: Int, epsilon: Float, isRMS: Bool) {
        self.heads = heads
        self.epsilon = epsilon
        self.isRMS = isRMS
    }
}

/// Queries and keys whose heads are turned by their tokens' places (Su et al. 2021).
public struct HeadRotation: Sendable, Hashable, Codable {
    public var heads: Int
    /// Tokens in front that have no place.
    public var prefix: Int
    /// Whether the numbers of a pair stand half a head apart; else they follow one another.
    public var halves: Bool

    public init(heads: Int, prefix: Int, halves: Bool) {
        self.heads = heads
        self.prefix = prefix
        self.halves = halves
    }
}

/// What a linear layer does besides the product. The builder emits plain layers; passes fill this in.
public struct LinearFusion: Sendable, Equatable {
    /// Epsilon of a LayerNorm of the input rows, whose weight and bias are the node's norm operands.
    public var normEpsilon: Float?
    public var activation: GELU?

    public init(normEpsilon: Float? = nil, activation: GELU? = nil) {
        self.normEpsilon = normEpsilon
        self.activation = activation
    }
}

/// What a node computes. Operands stand in `Node.inputs` in the order given here; those marked ? may be absent.
///
/// Shapes: B batch, N patches, K kept patches, T tokens, S tokens after a merge, D width, P patch size, C channels.
public enum Op: Sendable, Equatable {
    /// (pixels u8 [B, H, W, C] or f32 [B, C, H, W], ids_keep? i32 [B, K]) → [B, K, P·P·C], the channel fastest.
    case patches(size: Int)
    /// (x [..., n], scale [n], shift [n]) → x · scale + shift.
    case scaleShift
    /// (x [..., k], weight [n, k], bias? [n], norm weight? [k], norm bias? [k], residual? [..., n], scale? [n]) →
    /// activation(norm(x) · weightᵀ + bias) · scale + residual.
    case linear(LinearFusion)
    /// (x [..., D], weight [D], bias [D]) → [..., D].
    case layerNorm(epsilon: Float)
    /// (x [..., D], weight [D]) → [..., D]: x over the root of its squares' mean, times weight.
    case rmsNorm(epsilon: Float)
    /// (x [..., D], weight [D]) → [..., D]: x over the root of its unbiased variance, its mean left in it, times weight.
    case deviationNorm(epsilon: Float)
    /// (qkv [B, T, 3·D], q weight [d], q bias? [d], k weight [d], k bias? [d]) → qkv with its queries and keys
    /// normalised, d = D/heads.
    case normalizeHeads(HeadNorm)
    /// (qkv [B, T, 3·D], cosines [G, N, d/2], sines [G, N, d/2], ids_keep? [B, K]) → qkv with its queries and keys turned:
    /// all heads alike where G is 1, each by its own angles where it is the number of heads.
    case rotateHeads(HeadRotation)
    /// (x [..., 2·n]) → [..., n]: the first half, activated, times the second one.
    case gate(Gate)
    /// (qkv [B, T, 3·D], bias? [H, S, S], ids_keep? [B, K], key bias? [B, T], row table? [2·rows - 1, d], column table?
    /// [2·columns - 1, d]) → [B, T, D], d = D/heads: softmax(q kᵀ / √d + bias + key bias) v in each head. The bias is for all
    /// tokens S; of a masked image the last K are those of ids_keep. The key bias has the place that it has in
    /// `separateAttention`. With tables the tokens are a grid's places, row by row, and to each key a query is multiplied with
    /// are added a row of each table: by the key's row less the query's, from 1 - rows on, and the same of columns (Li et al.
    /// 2022).
    case attention(heads: Int)
    /// (q, k, v, key bias? [B, T]) → [B, Tq, D]: softmax(scale · q kᵀ + key bias) v in each head. One of q, k and v is
    /// [B, T, ≥ D], tokens first, whose columns from the given one on hold head after head, or [B, H, T, D/heads]; B may
    /// be 1 for all images.
    case separateAttention(SeparateAttention)
    case gelu(GELU)
    /// (a, b) of one shape → a + b.
    case add
    /// (x) → the nearest numbers of the grid; a NaN stays.
    case roundToGrid(NumberGrid)
    /// (x [B, K, D], prefix? [R, D] or [D], positions? [N, D], ids_keep? [B, K]) → [B, R + K, D]: positions are added to the
    /// patches; the prefix, which stands in front, has its own added already.
    case assembleTokens
    /// (x [B, R + K, D], mask token [D], positions [R + N, D], ids_restore [B, N]) → [B, R + N, D].
    case restoreTokens
    /// (keys as of an attention, sizes? [B, T], origins? i32 [B, N]) → what becomes of T tokens: members i32 [B, T] and
    /// starts i32 [B, S + 1] of the groups that are merged, their sizes [B, S], the logarithms of these [B, S], and the
    /// group i32 [B, N] of each token that there was before any merge. Sizes and origins are those before this merge.
    case matchTokens(TokenMatching)
    /// (x [B, T, D], members, starts, sizes? [B, T]) → [B, S, D]: the mean of each group, weighted by sizes. The first
    /// `fixed` tokens stay what and where they are.
    case mergeTokens(fixed: Int)
    /// (x [B, S, D], origins i32 [B, N]) → [B, N, D]: to each token its group's.
    case unmergeTokens
    /// (x [B, T, D]) → [B, D], the token of that index.
    case selectToken(Int)
    /// (x [B, T, D]) → [B, T - count, D], without the first tokens.
    case dropTokens(Int)
    /// (x [B, T, D]) → [B, D], the mean over the tokens after the first `skip`.
    case meanTokens(skip: Int)
    /// (x [b, t, D], order i32 [S], a constant, or [B, S] as `unitTokens` and `unitPlaces` give it) → rows of D numbers, S for
    /// each image: the image's row of that number, or zeros where it is negative. An image is what S rows of the result come
    /// from, so that windows may be images' parts before or behind.
    case gatherTokens
    /// (x) → the same numbers in the result's shape.
    case regroup
    /// (ids_keep i32 [B, K]) → i32 [B, K · S²·R²]: of each kept unit of S·S tokens, nested, the numbers of the R·R tokens in
    /// reach of each, row by row; -1 for those beyond the edge or in units that are not kept.
    case unitTokens(UnitGrid, reach: ClosedRange<Int>)
    /// (ids_keep i32 [B, K]) → i32 [B, K · S²]: where each token of the kept units, in the image's order, stands among them, who
    /// are in the order of ids_keep, and nested.
    case unitPlaces(UnitGrid)
    /// (x [B, T, C], weight [k·k, C], bias? [C]) → [B, T, C]: each channel of the grid convolved for itself, zeros around it.
    case depthwiseConvolution(GridConvolution)
    /// (x [B, T, D], weight [D], bias [D]) → [B, T, D]: x + weight · x · n + bias, n being the length of x's column over all
    /// tokens, divided by the columns' mean length plus epsilon (Woo et al. 2023).
    case responseNorm(epsilon: Float)
    /// (x [b, t, ≥ column + D]) → rows of D numbers: the largest of each group of tokens that follow one another; or of 2·D,
    /// the groups' means behind them.
    case poolTokens(TokenPooling)
    /// (x [..., n]) → [..., n], rows that sum to 1.
    case softmax
    /// What no pass recognised, with its own operands and results.
    case primitive(Primitive)

    /// The operator's name, as reports and errors show it.
    public var name: String {
        switch self {
        case .patches: "patches"
        case .scaleShift: "scaleShift"
        case .linear: "linear"
        case .layerNorm: "layerNorm"
        case .rmsNorm: "rmsNorm"
        case .deviationNorm: "deviationNorm"
        case .normalizeHeads: "normalizeHeads"
        case .rotateHeads: "rotateHeads"
        case .gate: "gate"
        case .attention: "attention"
        case .separateAttention: "separateAttention"
        case .gelu: "gelu"
        case .add: "add"
        case .roundToGrid: "roundToGrid"
        case .assembleTokens: "assembleTokens"
        case .restoreTokens: "restoreTokens"
        case .matchTokens: "matchTokens"
        case .mergeTokens: "mergeTokens"
        case .unmergeTokens: "unmergeTokens"
        case .selectToken: "selectToken"
        case .dropTokens: "dropTokens"
        case .meanTokens: "meanTokens"
        case .gatherTokens: "gatherTokens"
        case .regroup: "regroup"
        case .unitTokens: "unitTokens"
        case .unitPlaces: "unitPlaces"
        case .depthwiseConvolution: "depthwiseConvolution"
        case .responseNorm: "responseNorm"
        case .poolTokens: "poolTokens"
        case .softmax: "softmax"
        case .primitive(let primitive): primitive.name
        }
    }
}

/// The places of an attention's operands that are optional.
public enum AttentionInput {
    /// Of joint attention alone.
    public static let bias = 1, ids = 2
    public static let keyBias = 3
    /// Of joint attention alone, both or none.
    public static let rowTable = 4, columnTable = 5
    public static let count = 6
}

/// The places of a linear node's operands.
public enum LinearOperand {
    public static let x = 0, weight = 1, bias = 2, normWeight = 3, normBias = 4, residual = 5
    public static let scale = 6
    public static let count = 7
}
