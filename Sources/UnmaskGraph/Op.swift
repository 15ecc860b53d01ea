/// Which GELU: the exact one, or an approximation that some checkpoints were trained with.
public enum GELU: String, Sendable, Codable, CaseIterable {
    case erf, tanh
    /// x · sigmoid(1.702 x), CLIP's.
    case quick
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
/// Shapes: B batch, N patches, K kept patches, T tokens, D width, P patch size, C channels.
public enum Op: Sendable, Equatable {
    /// (pixels u8 [B, H, W, C] or f32 [B, C, H, W], ids_keep? i32 [B, K]) → [B, K, P·P·C], the channel fastest.
    case patches(size: Int)
    /// (x [..., n], scale [n], shift [n]) → x · scale + shift.
    case scaleShift
    /// (x [..., k], weight [n, k], bias? [n], norm weight? [k], norm bias? [k], residual? [..., n]) →
    /// activation(norm(x) · weightᵀ + bias) + residual.
    case linear(LinearFusion)
    /// (x [..., D], weight [D], bias [D]) → [..., D].
    case layerNorm(epsilon: Float)
    /// (qkv [B, T, 3·D]) → [B, T, D]: softmax(q kᵀ / √(D/heads)) v in each head.
    case attention(heads: Int)
    /// (q, k, v) → [B, Tq, D]: softmax(scale · q kᵀ) v in each head. An operand is [B, T, ≥ D], tokens first, whose
    /// columns from the given one on hold head after head, or [B, H, T, D/heads].
    case separateAttention(SeparateAttention)
    case gelu(GELU)
    /// (a, b) of one shape → a + b.
    case add
    /// (x [B, K, D], CLS token with its position [D], positions [N, D], ids_keep? [B, K]) → [B, 1 + K, D].
    case assembleTokens
    /// (x [B, 1 + K, D], mask token [D], positions [1 + N, D], ids_restore [B, N]) → [B, 1 + N, D].
    case restoreTokens
    /// (x [B, T, D]) → [B, D], the token of that index.
    case selectToken(Int)
    /// (x [B, T, D]) → [B, T - count, D], without the first tokens.
    case dropTokens(Int)
    /// (x [B, T, D]) → [B, D], the mean over the tokens after the first `skip`.
    case meanTokens(skip: Int)
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
        case .attention: "attention"
        case .separateAttention: "separateAttention"
        case .gelu: "gelu"
        case .add: "add"
        case .assembleTokens: "assembleTokens"
        case .restoreTokens: "restoreTokens"
        case .selectToken: "selectToken"
        case .dropTokens: "dropTokens"
        case .meanTokens: "meanTokens"
        case .softmax: "softmax"
        case .primitive(let primitive): primitive.name
        }
    }
}

/// The places of a linear node's operands.
public enum LinearOperand {
    public static let x = 0, weight = 1, bias = 2, normWeight = 3, normBias = 4, residual = 5
    public static let count = 6
}
