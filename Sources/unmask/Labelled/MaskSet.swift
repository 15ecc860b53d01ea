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
        try rule.require(classes: classes, of: present, in: table.path)
        return try PointLabels(
            grid: grid, classes: classes,
            images: images.map { image in
                (points[image] ?? []).map { $0.flatMap(rule.class(of:)) ?? PointLabels.ignored }
            })
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
            let columns = PointLabels.shares(tokens: grid.columns).map { view.columns.pixel(atShare: $0) }
            let points = PointLabels.shares(tokens: grid.rows).flatMap { share -> [UInt8?] in
                let row = view.rows.pixel(atShare: share)
                return columns.map { column in
                    guard let row, let column else { return nil }
                    return map.numbers[row * map.width + column]
                }
            }
            return .success(Mask(points: points, present: Set(map.numbers)))
        } catch {
            return .failure(error)
        }
    }
}

/// What numbers in masks stand for.
struct MaskNumbers {
    /// The number of pixels that are not learned from, nor counted.
    let ignored: UInt8?
    /// The number of the second of two classes, where it is not 1.
    let foreground: UInt8?

    /// As masks are usually written: 255 is what nothing is said of, unless 0 and 255 are all that there is.
    init(usual present: [UInt8]) {
        let isBinary = present == [0, 255]
        (ignored, foreground) = (isBinary ? nil : 255, isBinary ? 255 : nil)
    }

    /// As a person says.
    init(ignored: Int) { (self.ignored, foreground) = (UInt8(exactly: ignored), nil) }

    /// As a head was fitted.
    init(_ fit: [String: String]) {
        ignored = fit[Self.ignoredKey].flatMap { UInt8($0) }
        foreground = fit[Self.foregroundKey].flatMap { UInt8($0) }
    }

    static let ignoredKey = "mask_ignored", foregroundKey = "mask_foreground"

    /// To be kept with a head.
    var facts: [String: String] {
        var facts: [String: String] = [:]
        facts[Self.ignoredKey] = ignored.map { "\($0)" }
        facts[Self.foregroundKey] = foreground.map { "\($0)" }
        return facts
    }

    /// The class of a pixel; nil where nothing is said of it.
    func `class`(of number: UInt8) -> UInt8? {
        number == ignored ? nil : number == foreground ? 1 : number
    }

    /// How many classes there are where masks have these numbers.
    func count(of present: [UInt8]) -> Int { Int(present.compactMap(self.class).max() ?? 0) + 1 }

    /// Throws where masks have numbers that are no class.
    func require(classes: Int, of present: [UInt8], in place: String) throws {
        let others = present.filter { self.class(of: $0).map { Int($0) >= classes } ?? false }
        guard others.isEmpty else {
            throw ModelError.invalidRequest(
                "\(place): masks have the numbers \(others.prefix(8).map(String.init).joined(separator: ", ")): expected 0 to "
                    + "\(classes - 1)" + (ignored.map { ", and \($0) for what does not count" } ?? ""))
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
