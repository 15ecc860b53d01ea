extension Recipe {
    /// The same view of an image, `factor` times as high and wide; nil where the recipe does not resize, or that is larger than a
    /// recipe may be.
    public func scaled(by factor: Int) -> Recipe? {
        guard let resize = resize.scaled(by: factor) else { return nil }
        return try? Recipe(
            resize: resize, filter: filter, crop: crop, height: height * factor, width: width * factor, order: order,
            rescale: rescale, offset: offset, mean: mean, std: std
        ).reading(reading)
    }

    /// The largest whole number by which `scaled` shows no more pixels than an image has, and no more than `longestSide`; 1 where
    /// there is none.
    public func ownFactor(of size: UprightSize, longestSide: Int) -> Int {
        guard let view = try? RecipeView(self, width: size.width, height: size.height) else { return 1 }
        let most = max(1, longestSide / max(height, width))
        let factor = min(most, Int(min(view.columns.pixelsSeen, view.rows.pixelsSeen)))
        return (1...max(1, factor)).last { scaled(by: $0) != nil } ?? 1
    }
}

extension RecipeView.Axis {
    /// Pixels of the image that lie on one of what the model sees.
    fileprivate var pixelsSeen: Double { Double(image) / Double(resized) }
}

extension Resize {
    fileprivate func scaled(by factor: Int) -> Resize? {
        switch self {
        case .none: nil
        case .squash(let target): .squash(target.scaled(by: factor))
        case .cover(let target): .cover(target.scaled(by: factor))
        case .contain(let target): .contain(target.scaled(by: factor))
        case .shortest(let side): .shortest(side * factor)
        case .longest(let side): .longest(side * factor)
        }
    }
}

extension Resize.Target {
    fileprivate func scaled(by factor: Int) -> Resize.Target {
        switch self {
        case .pixels(let height, let width): .pixels(height: height * factor, width: width * factor)
        case .fraction: self
        }
    }
}

extension PixelImage {
    /// The image at another size, bicubic, whatever the aspect.
    public func resized(height: Int, width: Int) throws(ImageError) -> PixelImage {
        let numbers = [Float](repeating: 1, count: channels)
        let recipe: Recipe
        do throws(RecipeError) {
            recipe = try Recipe(.squash, height: height, width: width, mean: numbers, std: numbers)
        } catch {
            throw ImageError(.tooLarge, error.description)
        }
        return try recipe.apply(to: self)
    }
}
