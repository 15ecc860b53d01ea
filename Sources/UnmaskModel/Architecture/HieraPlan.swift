/// Hiera (Ryali et al. 2023): attention within mask units and then over all tokens, which become fewer from stage to stage.
public struct HieraPlan: Sendable, Equatable, Codable {
    public struct Stage: Sendable, Equatable, Codable {
        public var width: Int
        public var depth: Int
        public var heads: Int
        public var mlpWidth: Int
        /// Whether a token attends to those of its mask unit alone; a stage's first block does what the stage before does.
        public var attendsInUnits: Bool

        public init(width: Int, depth: Int, heads: Int, mlpWidth: Int, attendsInUnits: Bool) {
            self.width = width
            self.depth = depth
            self.heads = heads
            self.mlpWidth = mlpWidth
            self.attendsInUnits = attendsInUnits
        }
    }

    public var stages: [Stage]
    /// The patch embedding's kernel, its stride and the zeros around the image.
    public var kernel: Int
    public var stride: Int
    public var padding: Int
    /// Whether what a stage widens is projected; else its largest numbers and its means stand side by side.
    public var projects: Bool
    /// The grid `[rows, columns]` of positions that are stretched over the image, those of a mask unit being added; nil: each
    /// token has its own.
    public var globalPositions: [Int]?

    public init(
        stages: [Stage], kernel: Int = 7, stride: Int = 4, padding: Int = 3, projects: Bool, globalPositions: [Int]?
    ) {
        self.stages = stages
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.projects = projects
        self.globalPositions = globalPositions
    }

    /// Tokens along each side that become one from a stage to the next.
    static let pool = 2
    /// Tokens along each side of a mask unit in the first stage: as many as become one in the last.
    var unit: Int { stages.dropFirst().reduce(1) { side, _ in side * Self.pool } }

    /// Each block's stage, whether it is the stage's first, and whether it attends in mask units.
    var blocks: [(stage: Int, opens: Bool, inUnits: Bool)] {
        stages.indices.flatMap { stage in
            (0..<stages[stage].depth).map { block in
                let opens = block == 0 && stage > 0
                return (stage, opens, stages[opens ? stage - 1 : stage].attendsInUnits)
            }
        }
    }
}
