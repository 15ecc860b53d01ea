/// Where a recipe's pixels come from: the image is resized as a whole, then a part of it is taken.
struct RecipeGeometry: Equatable {
    let width: Int
    let height: Int
    let filter: ResampleFilter
    let crop: PixelRect

    /// For an upright image of the given size.
    init(_ recipe: Recipe, imageWidth: Int, imageHeight: Int) {
        if let cover = recipe.coveredSize {
            (width, height) = RecipeGeometry.covering(
                width: cover.width, height: cover.height, imageWidth: imageWidth, imageHeight: imageHeight)
        } else {
            (width, height) = (recipe.width, recipe.height)
        }
        filter = recipe.filter
        crop = PixelRect(
            columns: RecipeGeometry.centered(recipe.width, in: width),
            rows: RecipeGeometry.centered(recipe.height, in: height))
    }

    /// The image's size scaled to cover `width` × `height` at its own aspect: for a square, torchvision's
    /// `Resize(side)`, which truncates the longer side; else timm's `ResizeKeepRatio`, which rounds.
    private static func covering(
        width: Int, height: Int, imageWidth: Int, imageHeight: Int
    ) -> (width: Int, height: Int) {
        if width == height {
            let (short, long) = (min(imageWidth, imageHeight), max(imageWidth, imageHeight))
            let longer = Int(Double(width * long) / Double(short))
            return imageWidth <= imageHeight ? (width, longer) : (longer, width)
        }
        let ratio = min(Double(imageHeight) / Double(height), Double(imageWidth) / Double(width))
        func scaled(_ side: Int) -> Int { Int((Double(side) / ratio).rounded(.toNearestOrEven)) }
        return (scaled(imageWidth), scaled(imageHeight))
    }

    /// torchvision's `CenterCrop`: the offset rounds half to even, as Python does.
    private static func centered(_ count: Int, in total: Int) -> Range<Int> {
        let offset = Int((Double(total - count) / 2).rounded(.toNearestOrEven))
        return offset..<offset + count
    }
}

extension Recipe {
    /// The size that the image is scaled to cover at its own aspect before a centre crop; nil where both sides are
    /// squashed to the recipe's.
    package var coveredSize: (height: Int, width: Int)? {
        switch name {
        case .mae, .timm: (scaledSide(height), scaledSide(width))
        case .hf, .squash: nil
        }
    }

    package var filter: ResampleFilter { name == .hf ? .bilinear : .bicubic }

    /// The side that the image is resized to before a crop to `side`.
    fileprivate func scaledSide(_ side: Int) -> Int {
        switch name {
        // MAE crops 224 of 256 and keeps the ratio below; larger inputs it does not crop (util/datasets.py).
        case .mae: side <= 224 ? Int(Double(side) / 0.875) : side
        case .timm: Int((Double(side) / 0.9).rounded(.down))
        case .hf, .squash: side
        }
    }
}
