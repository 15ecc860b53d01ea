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

/// A grid of tokens that is cut into square units.
public struct UnitGrid: Sendable, Hashable {
    /// Of the grid, whose tokens stand row by row; multiples of the side.
    public var rows: Int, columns: Int
    /// Tokens along each side of a unit, a power of two. Its tokens are nested: quarters one behind another, in each of them
    /// its quarters, down to the tokens.
    public var side: Int

    public init(rows: Int, columns: Int, side: Int) {
        self.rows = rows
        self.columns = columns
        self.side = side
    }

    /// Of the grid.
    public var units: Int { side > 0 ? saturatingProduct(rows / side, columns / side) : 0 }
    /// Whether it is a grid that can be cut so, of tokens that an i32 counts.
    public var isWhole: Bool {
        side > 0 && side & (side - 1) == 0 && rows > 0 && columns > 0 && rows % side == 0 && columns % side == 0
            && saturatingProduct(rows, columns) <= Int(Int32.max)
    }
}

extension Op {
    /// Whether it reads or makes places of a grid, so that every token has to be in its own.
    var needsPlaces: Bool {
        switch self {
        case .gatherTokens, .unitTokens, .unitPlaces, .depthwiseConvolution, .responseNorm, .poolTokens:
            true
        default: false
        }
    }
}
