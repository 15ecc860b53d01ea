internal import UnmaskImage

/// The image size that a file's positions are for, and which of the tokens in front have positions too.
struct PatchGridChoice {
    let imageSize: [Int]
    /// As `TokenPlan.positioned`.
    let positioned: Int?
    private(set) var notes: [String] = []

    /// - Parameters:
    ///   - stated: the size that something says, and what.
    ///   - usual: the size where there are no positions that show it and nothing states it.
    ///   - option: the size that was asked for, which may be another one than trained.
    init(
        _ shapes: TensorShapes, patch: Int, composition: Composition, stated: (sides: [Int], place: String)?,
        usual: [Int]?, option: [Int]?, file: String
    ) throws(ModelError) {
        guard shapes["pos_embed"] != nil else {
            positioned = nil
            imageSize = try Self.withoutPositions(
                shapes, patch: patch, composition: composition, stated: stated, usual: usual, option: option,
                file: file)
            return
        }
        let count = try shapes.size("pos_embed", 1, rank: 3)
        let prefix = composition.prefixCount
        // All tokens have positions, the patches alone, or the CLS token as well and the registers not.
        let choices = [prefix, 0] + (prefix > 1 && composition.hasClassToken ? [1] : [])
        func patches(_ positioned: Int) -> Int { count - positioned }
        if let stated, let choice = choices.first(where: { Self.fits(stated.sides, patch, patches($0)) }) {
            (imageSize, positioned) = (stated.sides, choice)
            return
        }
        for choice in choices {
            guard let side = Self.squareSide(patches(choice), patch) else { continue }
            (imageSize, positioned) = ([side, side], choice)
            if let stated {
                notes.append(
                    "\(stated.place) is \(stated.sides), which positions for \(patches(choice)) patches do not fit; "
                        + "\(imageSize) is taken")
            }
            return
        }
        if let option, let choice = choices.first(where: { Self.fits(option, patch, patches($0)) }) {
            (imageSize, positioned) = (option, choice)
            return
        }
        throw .unrecognised(
            file: file,
            detail: "pos_embed has \(max(patches(prefix), 0)) patches of \(patch) pixels, which is no square, and "
                + (stated.map { "\($0.place) says \($0.sides)" } ?? "nothing states the image size")
                + ": --size HEIGHTxWIDTH says it, or img_size in a config.json beside the file")
    }

    private static func withoutPositions(
        _ shapes: TensorShapes, patch: Int, composition: Composition, stated: (sides: [Int], place: String)?,
        usual: [Int]?, option: [Int]?, file: String
    ) throws(ModelError) -> [Int] {
        let isWhole = { (size: [Int]) in patch > 0 && size.count == 2 && size.allSatisfy { $0 > 0 && $0 % patch == 0 } }
        let table = shapes["blocks.0." + RelativePositions.blockTable] ?? shapes[RelativePositions.sharedTable]
        if let rows = table?.first {
            for size in [stated?.sides, option].compactMap(\.self) where isWhole(size) {
                if size.allSatisfy({ $0 <= Recipe.maximumSide }),
                    RelativePositions.rows(grid: size.map { $0 / patch }) == rows
                {
                    return size
                }
            }
            if let side = RelativePositions.squareGrid(rows: rows), side * patch <= Recipe.maximumSide {
                return [side * patch, side * patch]
            }
        } else if let size = stated?.sides ?? usual ?? option, isWhole(size) {
            return size
        }
        throw .unrecognised(
            file: file,
            detail:
                "it has no learned positions, and nothing states an image size that they fit: --size HEIGHTxWIDTH says "
                + "it, or img_size in a config.json beside the file")
    }

    private static func fits(_ size: [Int], _ patch: Int, _ patches: Int) -> Bool {
        patch > 0 && size.allSatisfy { (1...Recipe.maximumSide).contains($0) && $0 % patch == 0 }
            && size.reduce(1) { $0 * ($1 / patch) } == patches
    }

    private static func squareSide(_ patches: Int, _ patch: Int) -> Int? {
        let side = Int(Double(max(patches, 0)).squareRoot().rounded())
        guard (1...Recipe.maximumSide).contains(side), (1...Recipe.maximumSide).contains(patch),
            side * side == patches
        else { return nil }
        return side * patch
    }
}
