/// How an image's patch tokens lie: [rows, columns], row-major.
public struct PatchGrid: Sendable, Codable, Equatable {
    public let rows: Int
    public let columns: Int

    public var count: Int { rows * columns }

    /// - Throws: where it has no tokens, or more than anything could be.
    public init(rows: Int, columns: Int) throws(HeadError) {
        guard (1...Self.longestSide).contains(rows), (1...Self.longestSide).contains(columns) else {
            throw .data("a grid of \(rows) × \(columns) patches: expected sides of 1 to \(Self.longestSide)")
        }
        (self.rows, self.columns) = (rows, columns)
    }

    private static let longestSide = 4096
}

/// Places along a side, as shares of it.
public enum SideShares {
    /// The middles of equal parts.
    public static func middles(of parts: Int) -> [Double] { (0..<parts).map { (Double($0) + 0.5) / Double(parts) } }
}

/// Linear interpolation along one side of a grid: what lies between two tokens' middles is mixed of both, and what lies beyond
/// the outermost is as they are (PyTorch's `interpolate` with `align_corners=False`).
struct AxisStencil: Sendable {
    /// Of each place the token before it, the one behind it, and the share of that one.
    private(set) var lower: [Int] = []
    private(set) var upper: [Int] = []
    private(set) var share: [Float] = []

    var count: Int { lower.count }

    /// - Parameters:
    ///   - tokens: along the side.
    ///   - places: as shares of the side.
    init(tokens: Int, places: some Sequence<Double>) {
        for place in places {
            let position = min(max(place * Double(tokens) - 0.5, 0), Double(tokens - 1))
            let before = Int(position)
            lower.append(before)
            upper.append(min(before + 1, tokens - 1))
            share.append(Float(position - Double(before)))
        }
    }

    /// At the middles of equal parts of the side.
    init(tokens: Int, parts: Int) {
        self.init(tokens: tokens, places: SideShares.middles(of: parts))
    }
}
