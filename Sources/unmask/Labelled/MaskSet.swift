import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// The masks of a table's images: of each pixel its class.
struct MaskSet {
    let table: ImageTable
    /// Images whose mask cannot be used.
    private(set) var failed: [Int: ItemError] = [:]
    /// Numbers that pixels have in any of the masks, ascending.
    private(set) var present: [UInt8] = []
    /// Of each image that has not failed the numbers of its points, as `PointLabels` has them; nil in padding around the image.
    private var points: [Int: [UInt8?]] = [:]

    /// Reads all masks once.
    ///
    /// - Parameters:
    ///   - recipe: of the model that sees the images.
    ///   - grid: how its patches lie.
    init(_ table: ImageTable, recipe: Recipe, grid: PatchGrid) async throws {
        self.table = table
        var isPresent = [Bool](repeating: false, count: 256)
        let batches = ImageBatches(count: table.count, size: 64) { Self.read($0, of: table, recipe, grid) }
        var next = 0
        try await batches.forEach { items in
            for item in items {
                switch item {
                case .success(let mask):
                    points[next] = mask.points
                    for number in mask.present { isPresent[Int(number)] = true }
                case .failure(let error): failed[next] = ItemError(error)
                }
                next += 1
            }
        }
        present = (0...255).filter { isPresent[Int($0)] }
    }

    /// The images whose masks can be used, ascending.
    var usable: [Int] { points.keys.sorted() }

    /// The classes of these images' points.
    func labels(of images: [Int], grid: PatchGrid, classes: Int, by rule: MaskNumbers) throws -> PointLabels {
        try rule.labels(
            of: images.map { points[$0] ?? [] }, present: present, grid: grid, classes: classes, in: table.path)
    }

    private struct Mask: Sendable {
        let points: [UInt8?]
        let present: Set<UInt8>
    }

    private static func read(
        _ index: Int, of table: ImageTable, _ recipe: Recipe, _ grid: PatchGrid
    ) -> Result<Mask, ImageError> {
        do throws(ImageError) {
            let map = try table.mask(index)
            let view = try RecipeView(recipe, width: map.width, height: map.height)
            let points = map.numbers(
                rows: PointLabels.shares(tokens: grid.rows).map { view.rows.pixel(atShare: $0) },
                columns: PointLabels.shares(tokens: grid.columns).map { view.columns.pixel(atShare: $0) })
            return .success(Mask(points: points, present: Set(map.numbers)))
        } catch {
            return .failure(error)
        }
    }
}

extension ImageTable {
    /// The mask of an image, of the upright image's size.
    func mask(_ index: Int) throws(ImageError) -> LabelMap {
        guard let path = rows[index].mask else {
            throw ImageError(.notFound, "no mask belongs to it: expected one of its name in \(MaskPairs.maskFolder)")
        }
        guard case .encoded(let bytes) = try images.load(index) else {
            throw ImageError(.unsupported, "images of an IDX file have no masks")
        }
        let size = try UprightSize(of: bytes)
        let map: LabelMap
        do throws(ImageError) { map = try LabelMap(png: readImageFile(path)) } catch {
            throw ImageError(error.kind, "its mask \(path): \(error.message)")
        }
        guard map.width == size.width, map.height == size.height else {
            throw ImageError(
                .unsupported,
                "its mask \(path) is \(map.width) × \(map.height), the upright image \(size.width) × \(size.height): expected "
                    + "the same")
        }
        return map
    }
}
