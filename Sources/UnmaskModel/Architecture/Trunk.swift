public import UnmaskGraph

/// Networks of stages: each has fewer tokens than the one before, and wider ones.
public enum Trunk: Sendable, Equatable, Codable {
    case convNeXt(ConvNeXtPlan)
    case hiera(HieraPlan)
}

/// ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023): each block a depthwise convolution and an MLP.
public struct ConvNeXtPlan: Sendable, Equatable, Codable {
    public struct Stage: Sendable, Equatable, Codable {
        public var width: Int
        public var depth: Int
        public var mlpWidth: Int
        /// Of the depthwise convolutions, odd.
        public var kernel: Int
        /// How many places of the stage before become one along each side; nil where the stage takes them as they are.
        public var stride: Int?

        public init(width: Int, depth: Int, mlpWidth: Int, kernel: Int, stride: Int?) {
            self.width = width
            self.depth = depth
            self.mlpWidth = mlpWidth
            self.kernel = kernel
            self.stride = stride
        }
    }

    /// The side of the patches that the first stage sees.
    public var stem: Int
    /// Numbers between the two overlapping convolutions of 3 by 3 that make these patches, each with stride 2; nil where one
    /// makes them that does not overlap.
    public var stemWidth: Int?
    /// What stands between these two; nil: nothing.
    public var stemActivation: GELU?
    public var stages: [Stage]
    /// Whether the MLPs' middles go through global response normalisation (V2).
    public var responseNorm: Bool

    public init(
        stem: Int, stemWidth: Int? = nil, stemActivation: GELU? = nil, stages: [Stage], responseNorm: Bool
    ) {
        self.stem = stem
        self.stemWidth = stemWidth
        self.stemActivation = stemActivation
        self.stages = stages
        self.responseNorm = responseNorm
    }

    /// The pixels along each side that a place of the last stage stands for.
    var stride: Int { stages.reduce(stem) { $0 * ($1.stride ?? 1) } }

    /// The stride of each of two overlapping convolutions, and the side of the patches that they make.
    static let overlap = (stride: 2, stem: 4)

    /// What the second of the two is called, and what where an activation stands before it.
    static let projection = "patch_embed.proj2", activatedProjection = "patch_embed.activated_proj2"

    /// Each block's stage.
    var blocks: [Stage] { stages.flatMap { Array(repeating: $0, count: $0.depth) } }
}
