/// How a model wants its images: how they are resized, which part is taken, and how samples become the numbers that it
/// was trained on. `docs/preprocessing.md` says which calls of Pillow, torchvision and timm each member stands for.
public struct Recipe: Sendable, Hashable {
    /// How the upright image is resized, as a whole.
    public let resize: Resize
    public let filter: ResampleFilter
    /// How `height` × `width` is taken out of the resized image; nil where resizing gives that size already, and another
    /// size is an error of the image.
    public let crop: Crop?
    /// Of the pixels that the model sees.
    public let height: Int
    public let width: Int
    /// The order of a pixel's samples: `prepare` gives them in it.
    public let order: ChannelOrder
    /// The model sees (sample · rescale + offset - mean) / std, for each channel. Not applied by `prepare`, whose pixels
    /// stay bytes.
    public let rescale: Double
    public let offset: Double
    public let mean: [Float]
    public let std: [Float]
    public var reading = Reading()

    public enum ChannelOrder: String, Sendable, Codable, CaseIterable {
        case rgb, bgr
    }

    /// Samples to 0…1.
    public static let unitRescale = 1.0 / 255
    public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
    public static let imageNetStd: [Float] = [0.229, 0.224, 0.225]
    /// The largest height and width, and the longest side that an image is resized to cover.
    public static let maximumSide = 8192

    /// Throws where a side is not in 1…`maximumSide`, the crop is not of the recipe's size, or the numbers are not finite,
    /// as many as each other, and (stds and `rescale`) above 0.
    public init(
        resize: Resize, filter: ResampleFilter, crop: Crop?, height: Int, width: Int, order: ChannelOrder = .rgb,
        rescale: Double = Recipe.unitRescale, offset: Double = 0, mean: [Float], std: [Float]
    ) throws(RecipeError) {
        for side in [height, width] where !(1...Recipe.maximumSide).contains(side) {
            throw RecipeError("size \(height) × \(width): each side must be between 1 and \(Recipe.maximumSide)")
        }
        guard !mean.isEmpty, mean.count == std.count else {
            throw RecipeError("\(mean.count) means and \(std.count) stds: one of each is needed for every channel")
        }
        guard mean.allSatisfy(\.isFinite), std.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw RecipeError("mean \(mean), std \(std): means must be finite, stds finite and above 0")
        }
        guard rescale.isFinite, rescale > 0, offset.isFinite else {
            throw RecipeError("rescale \(rescale), offset \(offset): both must be finite, rescale above 0")
        }
        guard order == .rgb || mean.count == 3 else {
            throw RecipeError("\(mean.count) channels have no order \(order.rawValue): that is for 3")
        }
        try resize.check()
        if let crop { try crop.check() }
        if crop == nil, case .squash(let target) = resize, target.size(height, width) != (height, width) {
            throw RecipeError("images are resized to another size than \(height) × \(width), and nothing is cropped")
        }
        self.resize = resize
        self.filter = filter
        self.crop = crop
        self.height = height
        self.width = width
        self.order = order
        self.rescale = rescale
        self.offset = offset
        self.mean = mean
        self.std = std
    }

    /// The same recipe with files read so.
    package func reading(_ reading: Reading) -> Recipe {
        var result = self
        result.reading = reading
        return result
    }

    /// 1 is gray, 3 is RGB; a recipe may have others, but then images cannot be prepared with it.
    public var channels: Int { mean.count }

    /// The same way of preparing images for a model of another size: what is resized to a fraction of the size follows it,
    /// and so do fixed sizes, in proportion.
    public func scaled(height: Int, width: Int) throws(RecipeError) -> Recipe {
        guard height != self.height || width != self.width else { return self }
        if let name { return try Recipe(name, height: height, width: width, like: self) }
        return try Recipe(
            resize: resize.scaled(
                vertically: (height, self.height), horizontally: (width, self.width)),
            filter: filter, crop: crop, height: height, width: width, order: order, rescale: rescale, offset: offset,
            mean: mean, std: std
        ).reading(reading)
    }
}

/// Why there is no such recipe.
public struct RecipeError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ detail: String) {
        description = "recipe: \(detail)"
    }
}
