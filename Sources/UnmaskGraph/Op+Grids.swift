/// A convolution of a grid of tokens, with stride 1 and as many zeros around as keep the grid.
public struct GridConvolution: Sendable, Hashable {
    /// Of a square kernel, odd.
    public var kernel: Int
    /// Of the grid, whose tokens stand row by row.
    public var rows: Int, columns: Int

    public init(kernel: Int, rows: Int, columns: Int) {
        self.kernel = kernel
        self.rows = rows
        self.columns = columns
    }
}

/// Groups of tokens of which the largest numbers stay.
public struct TokenPooling: Sendable, Hashable {
    /// Tokens of a group.
    public var group: Int
    /// The first column that is read.
    public var column: Int
    /// Whether the groups' means stand behind the largest numbers.
    public var means: Bool

    public init(group: Int, column: Int = 0, means: Bool = false) {
        self.group = group
        self.column = column
        self.means = means
    }
}

/// Heads of tokens that stand on a grid, row by row.
public struct HeadGrid: Sendable, Hashable {
    public var heads: Int
    public var rows: Int, columns: Int

    public init(heads: Int, rows: Int, columns: Int) {
        self.heads = heads
        self.rows = rows
        self.columns = columns
    }

    /// The width of a head with its relations.
    public func wide(_ headWidth: Int) -> Int { headWidth + rows + columns }
}

extension Op {
    /// Whether it reads or makes places of a grid, so that every token has to be in its own.
    var needsPlaces: Bool {
        switch self {
        case .gatherTokens, .depthwiseConvolution, .responseNorm, .poolTokens, .relateHeads: true
        default: false
        }
    }
}
