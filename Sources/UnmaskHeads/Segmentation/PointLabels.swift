/// What classes images have at points that lie evenly over each: `perToken` by `perToken` of them on every patch.
public struct PointLabels: Sendable {
    public let grid: PatchGrid
    public let classes: Int
    /// Of each image the classes of its points, row-major; `ignored` where nothing is said.
    let images: [[UInt8]]

    /// The class of what is not learned from.
    public static let ignored: UInt8 = 255
    /// Points along each side of a patch.
    public static let perToken = 4

    public var count: Int { images.count }
    /// Points along the sides of an image.
    var rows: Int { grid.rows * Self.perToken }
    var columns: Int { grid.columns * Self.perToken }

    /// Where points lie, as shares of a side, from the first to the last.
    public static func shares(tokens: Int) -> [Double] { SideShares.middles(of: tokens * perToken) }

    /// - Throws: where an image has another number of points, or a class that there is not.
    public init(grid: PatchGrid, classes: Int, images: [[UInt8]]) throws(HeadError) {
        guard (2...Int(Self.ignored)).contains(classes) else {
            throw .data("\(classes) classes of pixels: expected 2 to \(Self.ignored)")
        }
        let points = grid.count * Self.perToken * Self.perToken
        for (index, image) in images.enumerated() {
            guard image.count == points else {
                throw .data("image \(index) has the classes of \(image.count) points: expected \(points)")
            }
            if let bad = image.first(where: { $0 != Self.ignored && Int($0) >= classes }) {
                throw .data("image \(index) has a point of class \(bad): there are 0 to \(classes - 1)")
            }
        }
        (self.grid, self.classes, self.images) = (grid, classes, images)
    }

    /// How many points each class has, in images that weigh something.
    func counts(_ weights: [Float]) -> [Int] {
        var counts = [Int](repeating: 0, count: classes)
        for (image, weight) in zip(images, weights) where weight != 0 {
            for label in image where label != Self.ignored { counts[Int(label)] += 1 }
        }
        return counts
    }
}
