import ArgumentParser
import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// A part of a query's picture, as people write it: `x,y,width,height`, in pixels of the upright image.
struct QueryRegion: ExpressibleByArgument {
    private let x: Int
    private let y: Int
    private let width: Int
    private let height: Int

    /// Longer than that of any image.
    private static let longestSide = 1 << 31

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let known = numbers.compactMap(\.self)
        guard known.count == 4, numbers.count == 4, known.allSatisfy({ (0..<Self.longestSide).contains($0) }),
            known[2] > 0, known[3] > 0
        else { return nil }
        (x, y, width, height) = (known[0], known[1], known[2], known[3])
    }

    /// The patches whose middles lie in it.
    ///
    /// Throws where the model's patches cannot be left out, or none lies there.
    func mask(of path: String, _ model: Model) throws -> Mask {
        let interface = model.interface
        if let reason = interface.wholeImageReason { throw ModelError.invalidRequest("--region: \(reason)") }
        guard interface.takesMasks else {
            throw ModelError.invalidRequest("--region: \(model.name) takes no masks: it sees whole images alone")
        }
        let size = try UprightSize(of: readImageFile(path))
        let view = try RecipeView(model.recipe, width: size.width, height: size.height)
        func inside(_ axis: RecipeView.Axis, _ count: Int, _ part: Range<Int>) -> [Int] {
            let middles = SideShares.middles(of: count)
            return (0..<count).filter { axis.pixel(atShare: middles[$0]).map(part.contains) ?? false }
        }
        let (rows, columns) = (interface.grid[0], interface.grid[1])
        let seen = inside(view.columns, columns, x..<x + width)
        let ids = inside(view.rows, rows, y..<y + height).flatMap { row in seen.map { row * columns + $0 } }
        guard !ids.isEmpty else {
            throw ModelError.invalidRequest(
                "--region: no patch has its middle in it: \(path) is \(size.width) × \(size.height) pixels, which the model sees "
                    + "as \(columns) × \(rows) patches")
        }
        return try .keep(ids, patches: interface.patches)
    }
}
