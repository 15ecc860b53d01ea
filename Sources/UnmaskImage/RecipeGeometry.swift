/// Where a recipe's pixels come from: the image is resized as a whole, then a part of it is taken, with padding around it
/// where it is too small.
struct RecipeGeometry: Equatable {
    let width: Int
    let height: Int
    let filter: ResampleFilter
    /// Of the resized image.
    let crop: PixelRect
    /// Where the crop lies in what the model sees: (row, column).
    let top: Int
    let left: Int

    /// For an upright image of the given size.
    ///
    /// - Throws: where the recipe does not make the model's size of it.
    init(_ recipe: Recipe, imageWidth: Int, imageHeight: Int) throws(ImageError) {
        (height, width) = recipe.resize.size(
            of: (imageHeight, imageWidth), for: (recipe.height, recipe.width))
        filter = recipe.filter
        guard width > 0, height > 0 else {
            throw ImageError(
                .unsupported,
                "an image of \(imageWidth) × \(imageHeight) pixels loses a side when it is resized: its aspect is beyond "
                    + "what the model's recipe can show")
        }
        guard let rule = recipe.crop else {
            guard height == recipe.height, width == recipe.width else {
                throw ImageError(
                    .unsupported,
                    "the model's recipe does not crop, and makes \(width) × \(height) of an image of \(imageWidth) × "
                        + "\(imageHeight) pixels; the model takes \(recipe.width) × \(recipe.height): name another recipe"
                )
            }
            crop = PixelRect(columns: 0..<width, rows: 0..<height)
            (top, left) = (0, 0)
            return
        }
        let (rows, columns) = (rule.axis(recipe.height, of: height), rule.axis(recipe.width, of: width))
        crop = PixelRect(columns: columns.source, rows: rows.source)
        (top, left) = (rows.start, columns.start)
    }
}

extension Resize {
    /// What an image of that size is resized to, for a model of that one. Sizes are (height, width).
    func size(of image: (height: Int, width: Int), for model: (height: Int, width: Int)) -> (height: Int, width: Int) {
        switch self {
        case .none: return image
        case .squash(let target): return target.size(model.height, model.width)
        case .cover(let target):
            let (height, width) = target.size(model.height, model.width)
            guard height != width else { return Resize.shortest(height, image) }
            return Resize.ratio(image, min(Resize.ratio(image.height, height), Resize.ratio(image.width, width)))
        case .contain(let target):
            let (height, width) = target.size(model.height, model.width)
            return Resize.ratio(image, max(Resize.ratio(image.height, height), Resize.ratio(image.width, width)))
        case .shortest(let side): return Resize.shortest(side, image)
        case .longest(let side):
            let scale = Double(side) / Double(max(image.height, image.width))
            func scaled(_ side: Int) -> Int { Int(Double(side) * scale + 0.5) }
            return (scaled(image.height), scaled(image.width))
        }
    }

    private static func shortest(_ side: Int, _ image: (height: Int, width: Int)) -> (height: Int, width: Int) {
        let (short, long) = (min(image.height, image.width), max(image.height, image.width))
        let longer = Int(Double(side * long) / Double(short))
        return image.width <= image.height ? (longer, side) : (side, longer)
    }

    private static func ratio(_ image: Int, _ target: Int) -> Double { Double(image) / Double(target) }

    private static func ratio(_ image: (height: Int, width: Int), _ ratio: Double) -> (height: Int, width: Int) {
        func scaled(_ side: Int) -> Int { Int((Double(side) / ratio).rounded(.toNearestOrEven)) }
        return (scaled(image.height), scaled(image.width))
    }
}

extension Recipe {
    /// Whether both sides are resized to the model's size, and nothing is cropped.
    package var isSquashed: Bool {
        guard crop == nil, case .squash = resize else { return false }
        return true
    }

    /// The size that an image is scaled to cover at its own aspect before its middle is taken, where every image is large
    /// enough then; nil for everything else. A square one means that the shorter side becomes that long.
    package var coveredSize: (height: Int, width: Int)? {
        guard let crop, crop.place != .corner else { return nil }
        let cover: (height: Int, width: Int)
        switch resize {
        case .cover(let target): cover = target.size(height, width)
        case .shortest(let side): cover = (side, side)
        default: return nil
        }
        return cover.height >= height && cover.width >= width ? cover : nil
    }
}
