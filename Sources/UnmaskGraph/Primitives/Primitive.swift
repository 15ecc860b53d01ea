/// The elementary operations that foreign graphs are made of. Passes raise what they recognise to the fused operations
/// of `Op`; the rest runs as it is, on plain kernels.
///
/// Semantics are those of the ONNX operator of the same name in its newest version (github.com/onnx/onnx,
/// docs/Operators.md). What older versions say with attributes (axes, starts, pads) stands among the operands here, so
/// that each operation has one form. Operands marked ? may be absent. Floating-point numbers are float32 whatever
/// their storage.
public enum Primitive: Sendable, Hashable, Codable {
    // Elementwise, broadcasting as NumPy does.

    /// (x)
    case unary(UnaryFunction)
    /// (a, b)
    case binary(BinaryFunction)
    /// (x, least?, greatest?)
    case clip
    /// (condition, a, b)
    case select
    /// (x)
    case cast(ElementType)

    // Products.

    /// (a [..., m, k], b [..., k, n]) as NumPy's `matmul`.
    case matMul
    /// (a, b, c?) → alpha · a · b + beta · c.
    case gemm(alpha: Float, beta: Float, transposeA: Bool, transposeB: Bool)
    /// (x [B, C, ...], weight [M, C / groups, ...], bias? [M])
    case convolution(Convolution)
    /// (x [B, C, ...], weight [C, M / groups, ...], bias? [M])
    case transposedConvolution(Convolution, outputPadding: [Int], outputShape: [Int]?)
    /// (q, k, v, mask?) of rank 4 [B, H, T, D], or of rank 3 [B, T, H·D] with the counts of heads given. Opset 23, without
    /// a cache of past keys.
    case attention(ScaledDotProduct)

    // Normalisation.

    /// (x, weight, bias?) → (y, mean?, 1 / deviation?), over the axes from `axis` on.
    case layerNormalization(axis: Int, epsilon: Float)
    /// (x, weight), over the axes from `axis` on.
    case rootMeanSquareNormalization(axis: Int, epsilon: Float)
    /// (x [B, C, ...], weight [C], bias [C], mean [C], variance [C]), as at inference.
    case batchNormalization(epsilon: Float)
    /// (x [B, C, ...], weight [C], bias [C])
    case groupNormalization(groups: Int, epsilon: Float)
    /// (x [B, C, ...], weight [C], bias [C])
    case instanceNormalization(epsilon: Float)
    /// (x)
    case lpNormalization(axis: Int, order: Int)
    /// (x)
    case softmax(axis: Int)
    /// (x)
    case logSoftmax(axis: Int)

    // Reduction.

    /// (x, axes?); absent or empty axes are all, or none with `emptyIsNone`.
    case reduce(Reduction, keepAxes: Bool, emptyIsNone: Bool)
    /// (x) → i64
    case argument(greatest: Bool, axis: Int, keepAxes: Bool, last: Bool)
    /// (x, count [1]) → (values, indices i64)
    case topK(axis: Int, largest: Bool, sorted: Bool)
    /// (x, axis)
    case cumulativeSum(exclusive: Bool, reverse: Bool)

    // Pooling, over the axes after the second.

    /// (x) → (y, indices?)
    case pool(Pooling)
    /// (x)
    case globalPool(PoolingKind)
    /// (x, roi?, scales?, sizes?)
    case resize(Resize)

    // Movement.

    /// (x)
    case transpose([Int])
    /// (x, shape); 0 copies a dimension unless `allowZero`, -1 is what is left.
    case reshape(allowZero: Bool)
    /// (x)
    case flatten(axis: Int)
    /// (x, axes?)
    case squeeze
    /// (x, axes)
    case unsqueeze
    /// (x, starts, ends, axes?, steps?)
    case slice
    /// (x, sizes?) → one result for each part; without sizes as equal as may be.
    case split(axis: Int)
    /// (x...)
    case concat(axis: Int)
    /// (x, indices)
    case gather(axis: Int)
    case gatherElements(axis: Int)
    case gatherND(batchAxes: Int)
    /// (x, indices, updates)
    case scatterND(ScatterReduction)
    case scatterElements(axis: Int, ScatterReduction)
    /// (x, shape)
    case expand
    /// (x, repeats)
    case tile
    /// (x, pads, value?, axes?)
    case pad(PaddingMode)
    /// (x, k?)
    case triangle(upper: Bool)
    /// (x [B, C, H, W])
    case depthToSpace(block: Int, columnRow: Bool)
    case spaceToDepth(block: Int)

    // Shapes as numbers.

    /// (x) → i64, the dimensions from `start` up to `end`.
    case shape(start: Int, end: Int?)
    /// (x) → i64 scalar
    case size
    /// (start, limit, step)
    case range
    /// (shape) → that shape, filled with the one number whose bytes are given.
    case constantOfShape(ElementType, bytes: [UInt8])
    case identity

    // Quantised numbers.

    /// (x, scale, zero point?) → integers of the zero point's type, u8 without one.
    case quantize(axis: Int, to: ElementType)
    /// (x, scale, zero point?)
    case dequantize(axis: Int)
    /// (x) → (y u8, scale, zero point u8)
    case dynamicQuantize
    /// (a, b, a's zero point?, b's zero point?) → i32
    case matMulInteger
}

public enum UnaryFunction: Sendable, Hashable, Codable {
    case negate, absolute, sign, reciprocal, squareRoot, exp, log, erf, sine, cosine, tanh, sigmoid, relu, softplus
    case softsign, mish, hardSwish, floor, ceiling, round, not, isNaN
    case leakyRelu(alpha: Float)
    case elu(alpha: Float)
    case selu(alpha: Float, gamma: Float)
    case celu(alpha: Float)
    case hardSigmoid(alpha: Float, beta: Float)
    case thresholdedRelu(alpha: Float)
}

public enum BinaryFunction: String, Sendable, Hashable, Codable {
    case add, subtract, multiply, divide, power, minimum, maximum
    /// The remainder with the divisor's sign, and with the dividend's.
    case modulo, remainder
    /// x where x ≥ 0, slope · x elsewhere.
    case parametricRelu
    case equal, less, lessOrEqual, greater, greaterOrEqual, and, or, xor
}

public enum Reduction: String, Sendable, Hashable, Codable {
    case mean, sum, maximum, minimum, product, l1, l2, logSum, logSumExp, sumSquare
}

public enum ScatterReduction: String, Sendable, Hashable, Codable {
    case none, add, multiply, minimum, maximum
}

public enum PaddingMode: String, Sendable, Hashable, Codable, CaseIterable {
    case constant, reflect, edge, wrap
}

/// How padding follows from sizes.
public enum AutomaticPadding: String, Sendable, Hashable, Codable {
    case explicit, sameUpper, sameLower, valid
}

/// The window of a convolution or pooling; arrays have a number for each spatial axis, `pads` first all beginnings.
public struct Window: Sendable, Hashable, Codable {
    public var size: [Int]
    public var strides: [Int]
    public var dilations: [Int]
    public var pads: [Int]
    public var automatic: AutomaticPadding

    public init(
        size: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, pads: [Int]? = nil,
        automatic: AutomaticPadding = .explicit
    ) {
        self.size = size
        self.strides = strides ?? size.map { _ in 1 }
        self.dilations = dilations ?? size.map { _ in 1 }
        self.pads = pads ?? (size + size).map { _ in 0 }
        self.automatic = automatic
    }
}

public struct Convolution: Sendable, Hashable, Codable {
    public var window: Window
    public var groups: Int

    public init(window: Window, groups: Int = 1) {
        self.window = window
        self.groups = groups
    }
}

public enum PoolingKind: String, Sendable, Hashable, Codable {
    case average, maximum
}

public struct Pooling: Sendable, Hashable, Codable {
    public var kind: PoolingKind
    public var window: Window
    public var ceiling: Bool
    public var countsPadding: Bool
    /// Whether the indices of maxima count along columns first.
    public var columnMajorIndices: Bool

    public init(
        kind: PoolingKind, window: Window, ceiling: Bool = false, countsPadding: Bool = false,
        columnMajorIndices: Bool = false
    ) {
        self.kind = kind
        self.window = window
        self.ceiling = ceiling
        self.countsPadding = countsPadding
        self.columnMajorIndices = columnMajorIndices
    }
}

/// Attributes of ONNX's Resize, under its own names.
public struct Resize: Sendable, Hashable, Codable {
    public enum Mode: String, Sendable, Hashable, Codable, CaseIterable { case nearest, linear, cubic }
    public enum Coordinates: String, Sendable, Hashable, Codable, CaseIterable {
        case halfPixel = "half_pixel"
        case halfPixelSymmetric = "half_pixel_symmetric"
        case pytorchHalfPixel = "pytorch_half_pixel"
        case alignCorners = "align_corners"
        case asymmetric
        case cropAndResize = "tf_crop_and_resize"
    }
    public enum Nearest: String, Sendable, Hashable, Codable, CaseIterable {
        case roundPreferFloor = "round_prefer_floor"
        case roundPreferCeil = "round_prefer_ceil"
        case floor, ceil
    }
    public enum AspectRatio: String, Sendable, Hashable, Codable, CaseIterable {
        case stretch
        case notLarger = "not_larger"
        case notSmaller = "not_smaller"
    }

    public var mode: Mode
    public var coordinates: Coordinates
    public var nearest: Nearest
    public var cubicCoefficient: Float
    public var excludesOutside: Bool
    public var extrapolationValue: Float
    public var antialias: Bool
    public var axes: [Int]?
    public var aspectRatio: AspectRatio

    public init(
        mode: Mode, coordinates: Coordinates = .halfPixel, nearest: Nearest = .roundPreferFloor,
        cubicCoefficient: Float = -0.75, excludesOutside: Bool = false, extrapolationValue: Float = 0,
        antialias: Bool = false, axes: [Int]? = nil, aspectRatio: AspectRatio = .stretch
    ) {
        self.mode = mode
        self.coordinates = coordinates
        self.nearest = nearest
        self.cubicCoefficient = cubicCoefficient
        self.excludesOutside = excludesOutside
        self.extrapolationValue = extrapolationValue
        self.antialias = antialias
        self.axes = axes
        self.aspectRatio = aspectRatio
    }
}

public struct ScaledDotProduct: Sendable, Hashable, Codable {
    /// Nil: 1 / √D.
    public var scale: Float?
    public var causal: Bool
    /// For operands of rank 3.
    public var queryHeads: Int?
    public var keyHeads: Int?
    public var softcap: Float

    public init(
        scale: Float? = nil, causal: Bool = false, queryHeads: Int? = nil, keyHeads: Int? = nil, softcap: Float = 0
    ) {
        self.scale = scale
        self.causal = causal
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.softcap = softcap
    }
}
