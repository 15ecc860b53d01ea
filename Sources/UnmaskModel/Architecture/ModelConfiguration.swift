public import UnmaskGraph

/// How an image's tokens become one vector. `ModelInterface.poolings` says which of these a model offers.
public enum Pooling: String, Sendable, Codable, CaseIterable {
    /// The CLS token after the final norm.
    case cls
    /// The mean of the patch tokens, those in front left out, after the final norm; then `fc_norm` where the checkpoint has one.
    case mean
    /// Attention pooling: a learned query attends to the tokens (timm calls it so).
    case map
    /// No pooling: every patch token after the final norm, `[K, D]`.
    case tokens
    /// What the model itself gives, as it is: an imported graph's pooled vector, or the tensor that `--output` names.
    case output
}

/// Whose way of stretching position embeddings to another image size a checkpoint was used with.
public enum PositionInterpolation: String, Sendable, Codable {
    /// Bicubic without antialiasing, as Hugging Face's `interpolate_pos_encoding`.
    case hf
    /// Bicubic with antialiasing, as timm's `resample_abs_pos_embed`.
    case timm
}

/// The dimensions of a Vision Transformer encoder (Dosovitskiy et al. 2020) with what may follow it: a classification
/// head, or a masked autoencoder's decoder (He et al. 2021). Spelled as the `config` entry of a checkpoint.
public struct ModelConfiguration: Sendable, Equatable, Codable {
    /// `[height, width]` in pixels.
    public var imageSize: [Int]
    public var patchSize: Int
    public var channels: Int
    public var width: Int
    public var depth: Int
    public var heads: Int
    public var mlpWidth: Int
    public var normEpsilon: Float
    public var gelu: GELU
    public var qkvBias: Bool
    /// Whether a LayerNorm follows the last block (`norm`).
    public var finalNorm: Bool
    /// Whether a LayerNorm follows mean pooling (`fc_norm`).
    public var fcNorm: Bool
    /// What the head was trained on, and the default for embeddings.
    public var pooling: Pooling
    /// The head's outputs; 0 without a head.
    public var classes: Int
    public var positionInterpolation: PositionInterpolation
    public var decoder: DecoderConfiguration?
    /// How the file that the model came in makes its own vector; nil where it gives none.
    public var vector: VectorTail?
    /// What it is put together of.
    public var composition: Composition

    enum CodingKeys: String, CodingKey {
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case channels, width, depth, heads
        case mlpWidth = "mlp_width"
        case normEpsilon = "norm_eps"
        case gelu
        case qkvBias = "qkv_bias"
        case finalNorm = "final_norm"
        case fcNorm = "fc_norm"
        case pooling, classes
        case positionInterpolation = "position_interpolation"
        case decoder, vector, composition
    }

    public init(
        imageSize: [Int], patchSize: Int, channels: Int = 3, width: Int, depth: Int, heads: Int, mlpWidth: Int? = nil,
        normEpsilon: Float = 1e-6, gelu: GELU = .erf, qkvBias: Bool = true, finalNorm: Bool = true,
        fcNorm: Bool = false, pooling: Pooling = .cls, classes: Int = 0,
        positionInterpolation: PositionInterpolation = .timm, decoder: DecoderConfiguration? = nil,
        vector: VectorTail? = nil, composition: Composition = Composition()
    ) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.channels = channels
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlpWidth = mlpWidth ?? 4 * width
        self.normEpsilon = normEpsilon
        self.gelu = gelu
        self.qkvBias = qkvBias
        self.finalNorm = finalNorm
        self.fcNorm = fcNorm
        self.pooling = pooling
        self.classes = classes
        self.positionInterpolation = positionInterpolation
        self.decoder = decoder
        self.vector = vector
        self.composition = composition
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let classes = try values.decodeIfPresent(Int.self, forKey: .classes) ?? 0
        let pooling = try values.decodeIfPresent(Pooling.self, forKey: .pooling) ?? .cls
        // A head on the mean token was trained with fc_norm in the final norm's place (He et al. 2021, A.1).
        let fcNorm = try values.decodeIfPresent(Bool.self, forKey: .fcNorm) ?? (classes > 0 && pooling == .mean)
        self.init(
            imageSize: try values.decode([Int].self, forKey: .imageSize),
            patchSize: try values.decode(Int.self, forKey: .patchSize),
            channels: try values.decode(Int.self, forKey: .channels),
            width: try values.decode(Int.self, forKey: .width),
            depth: try values.decode(Int.self, forKey: .depth),
            heads: try values.decode(Int.self, forKey: .heads),
            mlpWidth: try values.decode(Int.self, forKey: .mlpWidth),
            normEpsilon: try values.decode(Float.self, forKey: .normEpsilon),
            gelu: try values.decodeIfPresent(GELU.self, forKey: .gelu) ?? .erf,
            qkvBias: try values.decodeIfPresent(Bool.self, forKey: .qkvBias) ?? true,
            finalNorm: try values.decodeIfPresent(Bool.self, forKey: .finalNorm) ?? !fcNorm,
            fcNorm: fcNorm, pooling: pooling, classes: classes,
            positionInterpolation: try values.decodeIfPresent(
                PositionInterpolation.self, forKey: .positionInterpolation) ?? .timm,
            decoder: try values.decodeIfPresent(DecoderConfiguration.self, forKey: .decoder),
            vector: try values.decodeIfPresent(VectorTail.self, forKey: .vector),
            composition: try values.decodeIfPresent(Composition.self, forKey: .composition) ?? Composition())
    }

    /// The plain composition is left out.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(imageSize, forKey: .imageSize)
        try values.encode(patchSize, forKey: .patchSize)
        try values.encode(channels, forKey: .channels)
        try values.encode(width, forKey: .width)
        try values.encode(depth, forKey: .depth)
        try values.encode(heads, forKey: .heads)
        try values.encode(mlpWidth, forKey: .mlpWidth)
        try values.encode(normEpsilon, forKey: .normEpsilon)
        try values.encode(gelu, forKey: .gelu)
        try values.encode(qkvBias, forKey: .qkvBias)
        try values.encode(finalNorm, forKey: .finalNorm)
        try values.encode(fcNorm, forKey: .fcNorm)
        try values.encode(pooling, forKey: .pooling)
        try values.encode(classes, forKey: .classes)
        try values.encode(positionInterpolation, forKey: .positionInterpolation)
        try values.encodeIfPresent(decoder, forKey: .decoder)
        try values.encodeIfPresent(vector, forKey: .vector)
        if composition != Composition() { try values.encode(composition, forKey: .composition) }
    }

    /// Tokens in front of the patches: R.
    public var prefixCount: Int { composition.prefixCount }
    /// Patches along each side, `[rows, columns]`.
    public var grid: [Int] { imageSize.map { $0 / patchSize } }
    /// Patches of an image: N.
    public var patches: Int { grid.reduce(1, *) }
    /// Numbers of a patch: P·P·C.
    public var patchValues: Int { patchSize * patchSize * channels }
    /// Stored numbers of the whole model.
    public var parameterCount: Int {
        ((try? ParameterShapes(self).shapes) ?? [:]).values.reduce(0) { $0 + $1.reduce(1, *) }
    }
}

/// The dimensions of a masked autoencoder's decoder.
public struct DecoderConfiguration: Sendable, Equatable, Codable {
    public var width: Int
    public var depth: Int
    public var heads: Int
    public var mlpWidth: Int
    public var normEpsilon: Float
    /// Whether the decoder predicts each patch normalised by that patch's own mean and variance.
    public var normPix: Bool

    enum CodingKeys: String, CodingKey {
        case width, depth, heads
        case mlpWidth = "mlp_width"
        case normEpsilon = "norm_eps"
        case normPix = "norm_pix"
    }

    public init(
        width: Int, depth: Int, heads: Int, mlpWidth: Int? = nil, normEpsilon: Float = 1e-6, normPix: Bool
    ) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlpWidth = mlpWidth ?? 4 * width
        self.normEpsilon = normEpsilon
        self.normPix = normPix
    }
}
