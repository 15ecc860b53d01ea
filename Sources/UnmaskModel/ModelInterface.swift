public import UnmaskGraph

/// What a model takes and what it gives, whatever it is inside: all that its users need to know of it.
public struct ModelInterface: Sendable, Equatable {
    /// Of the images it takes, `[height, width]` in pixels.
    public var imageSize: [Int]
    public var channels: Int
    /// A patch's side in pixels; nil where the model cuts images into no square patches.
    public var patchSize: Int?
    /// Places along each side that the model gives a token of, `[rows, columns]`; `[0, 0]` where it gives none.
    public var grid: [Int]
    /// Whether some of the patches may be left out.
    public var takesMasks: Bool
    /// Why no patches may be left out, where its architecture is why; nil elsewhere.
    public var wholeImageReason: String?
    /// What each block gives of an image, `[tokens, width]`; empty where that is what the last one gives.
    public var blockShapes: [[Int]]
    /// The shape of what each pooling that the model offers gives of one image; `K` stands for the patches seen.
    public var shapes: [Pooling: Shape]
    /// The pooling that is meant where none is named.
    public var pooling: Pooling
    /// Transformer blocks whose residual stream can be asked for.
    public var depth: Int
    /// Attention heads; nil where they are not known.
    public var heads: Int?
    /// The head's outputs; 0 without a head.
    public var classes: Int
    /// What the head's outputs can be given as, its own kind first; empty without a head.
    public var scores: [ScoreKind]
    public var decoder: DecoderConfiguration?
    /// Tokens in front of the patches that a pass has besides.
    public var prefix: Int
    /// The only batch that the model's file allows; nil where any will do.
    public var fixedBatch: Int?

    public init(
        imageSize: [Int], channels: Int, patchSize: Int? = nil, grid: [Int] = [0, 0], takesMasks: Bool = false,
        shapes: [Pooling: Shape], pooling: Pooling, depth: Int = 0, heads: Int? = nil, classes: Int = 0,
        scores: [ScoreKind] = [], decoder: DecoderConfiguration? = nil, fixedBatch: Int? = nil, prefix: Int = 1,
        wholeImageReason: String? = nil, blockShapes: [[Int]] = []
    ) {
        self.imageSize = imageSize
        self.channels = channels
        self.patchSize = patchSize
        self.grid = grid
        self.takesMasks = takesMasks
        self.shapes = shapes
        self.pooling = pooling
        self.depth = depth
        self.heads = heads
        self.classes = classes
        self.scores = scores
        self.decoder = decoder
        self.fixedBatch = fixedBatch
        self.prefix = prefix
        self.wholeImageReason = wholeImageReason
        self.blockShapes = blockShapes
    }

    /// Of a Vision Transformer or masked autoencoder.
    /// - Parameter scores: what its head gives, where that is known.
    public init(_ c: ModelConfiguration, scores: ScoreKind? = nil) {
        let width = Dimension.fixed(c.outputWidth)
        let isWhole = c.wholeImageReason != nil
        let count: Dimension = isWhole ? .fixed(c.patches) : .symbol(ModelGraph.kept)
        var shapes: [Pooling: Shape] = [.mean: [width], .tokens: [count, width]]
        if c.composition.hasClassToken { shapes[.cls] = [width] }
        if c.composition.attentionPool != nil { shapes[.map] = [width] }
        var pooling = c.pooling
        if let tail = c.vector {
            shapes[.output] = [.fixed(tail.width(from: c.width))]
            // A pooled token that is given as it is goes by the pooling's name, as it does in other files.
            if c.pooling != .tokens { pooling = tail.steps.isEmpty ? tail.pooling : .output }
        }
        self.init(
            imageSize: c.imageSize, channels: c.channels,
            patchSize: c.composition.trunk == nil || !isWhole ? c.patchSize : nil,
            grid: c.grid, takesMasks: !isWhole, shapes: shapes, pooling: pooling, depth: c.depth,
            heads: c.composition.trunk == nil ? c.heads : nil, classes: c.classes,
            scores: c.classes == 0
                ? [] : ScoreKind.offered(own: scores ?? .usual(outputs: c.classes), outputs: c.classes),
            decoder: c.decoder, prefix: c.prefixCount, wholeImageReason: c.wholeImageReason,
            blockShapes: c.blockShapes)
    }

    /// What is said to those who would leave patches out where none may be.
    public var wholeImageNotice: String {
        "this model always sees the whole image" + (wholeImageReason.map { ": " + $0 } ?? "")
    }

    /// Tokens of a whole image, those that stand for no place left out: N.
    public var patches: Int { grid.reduce(1, *) }

    /// The poolings that the model offers, in the order of `Pooling.allCases`.
    public var poolings: [Pooling] { Pooling.allCases.filter { shapes[$0] != nil } }

    /// The numbers of each vector of the default pooling: D.
    public var width: Int { width(of: pooling) }

    /// The numbers of each vector that `pooling` gives, of the finished tokens or behind a block; 0 where the model does not
    /// offer it.
    public func width(of pooling: Pooling, block: Int? = nil) -> Int {
        if let block, blockShapes.indices.contains(block), shapes[pooling] != nil { return blockShapes[block][1] }
        return shapes[pooling]?.width ?? 0
    }

    /// The shape of an image's embedding; nil where the model does not offer that pooling.
    /// - Parameters:
    ///   - kept: patches seen.
    ///   - block: behind which it is made; nil: of the finished tokens.
    public func shape(of pooling: Pooling, kept: Int, block: Int? = nil) -> [Int]? {
        if let block, blockShapes.indices.contains(block), shapes[pooling] != nil {
            let (tokens, width) = (blockShapes[block][0], blockShapes[block][1])
            return pooling == .tokens ? [tokens / max(patches, 1) * kept, width] : [width]
        }
        return shapes[pooling]?.bound(by: [ModelGraph.kept: kept])
    }
}
