/// How a model wants its images: which part of the image, at what size, and how its samples are scaled afterwards.
///
/// Written as JSON: `{"name": "squash", "size": [28, 28], "mean": [0.286], "std": [0.353]}`, the size as height, width.
public struct Recipe: Sendable, Equatable {
    public enum Name: String, Sendable, Codable, CaseIterable {
        /// MAE's evaluation: shorter side to 256 for 224 (bicubic), centre crop.
        case mae
        /// timm's evaluation at `crop_pct` 0.9: shorter side to 248 for 224 (bicubic), centre crop.
        case timm
        /// Hugging Face's ViT image processor: both sides to the size (bilinear), whatever the aspect.
        case hf
        /// Both sides to the size (bicubic), whatever the aspect.
        case squash
    }

    public let name: Name
    /// Of the pixels that the model sees.
    public let height: Int
    public let width: Int
    /// For each channel, in units of the sample range 0…1: the model sees (sample / 255 - mean) / std. Not applied by
    /// `prepare`, whose pixels stay bytes.
    public let mean: [Float]
    public let std: [Float]

    public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
    public static let imageNetStd: [Float] = [0.229, 0.224, 0.225]
    /// The largest height and width.
    public static let maximumSide = 8192

    /// Throws where a side is not in 1…`maximumSide`, or mean and std are not as many finite numbers, std positive.
    public init(_ name: Name, height: Int, width: Int, mean: [Float], std: [Float]) throws(RecipeError) {
        for side in [height, width] where !(1...Recipe.maximumSide).contains(side) {
            throw RecipeError("size \(height) × \(width): each side must be between 1 and \(Recipe.maximumSide)")
        }
        guard !mean.isEmpty, mean.count == std.count else {
            throw RecipeError("\(mean.count) means and \(std.count) stds: one of each is needed for every channel")
        }
        guard mean.allSatisfy(\.isFinite), std.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw RecipeError("mean \(mean), std \(std): means must be finite, stds finite and above 0")
        }
        self.name = name
        self.height = height
        self.width = width
        self.mean = mean
        self.std = std
    }

    /// RGB with the usual mean and std: ImageNet's, but 0.5 for `hf`, as its image processor has it where a checkpoint
    /// does not say otherwise.
    public init(_ name: Name, height: Int, width: Int) throws(RecipeError) {
        let half = [Float](repeating: 0.5, count: 3)
        let (mean, std) = name == .hf ? (half, half) : (Recipe.imageNetMean, Recipe.imageNetStd)
        try self.init(name, height: height, width: width, mean: mean, std: std)
    }

    /// 1 is gray, 3 is RGB; a recipe may have others, but then images cannot be prepared with it.
    public var channels: Int { mean.count }
}

/// Why there is no such recipe.
public struct RecipeError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ detail: String) {
        description = "recipe: \(detail)"
    }
}
