extension Recipe {
    /// Ways of preparing images that have a name. Each is a value of the general form, nothing more.
    public enum Name: String, Sendable, Codable, CaseIterable {
        /// MAE's evaluation: shorter side to 256 for 224 (bicubic), centre crop.
        case mae
        /// timm's evaluation at `crop_pct` 0.9: shorter side to 248 for 224 (bicubic), centre crop.
        case timm
        /// Hugging Face's ViT image processor: both sides to the size (bilinear), whatever the aspect.
        case hf
        /// Both sides to the size (bicubic), whatever the aspect.
        case squash

        fileprivate func resize(height: Int, width: Int) -> Resize {
            switch self {
            // MAE crops 224 of 256 and keeps the ratio below; larger inputs it does not crop (util/datasets.py).
            case .mae: .cover(.fraction(min(height, width) <= 224 ? 0.875 : 1))
            case .timm: .cover(.fraction(0.9))
            case .hf, .squash: .squash(.fraction(1))
            }
        }

        fileprivate var filter: ResampleFilter { self == .hf ? .bilinear : .bicubic }

        fileprivate var crop: Crop? {
            switch self {
            case .mae, .timm: Crop()
            case .hf, .squash: nil
            }
        }
    }

    /// The recipe of that name, samples scaled to 0…1 before mean and std.
    public init(_ name: Name, height: Int, width: Int, mean: [Float], std: [Float]) throws(RecipeError) {
        try self.init(
            resize: name.resize(height: height, width: width), filter: name.filter, crop: name.crop, height: height,
            width: width, mean: mean, std: std)
    }

    /// RGB with the usual mean and std: ImageNet's, but 0.5 for `hf`, as its image processor has it where a checkpoint
    /// does not say otherwise.
    public init(_ name: Name, height: Int, width: Int) throws(RecipeError) {
        let half = [Float](repeating: 0.5, count: 3)
        let (mean, std) = name == .hf ? (half, half) : (Recipe.imageNetMean, Recipe.imageNetStd)
        try self.init(name, height: height, width: width, mean: mean, std: std)
    }

    /// The recipe of that name, samples treated as `other` has it.
    package init(_ name: Name, height: Int, width: Int, like other: Recipe) throws(RecipeError) {
        try self.init(
            resize: name.resize(height: height, width: width), filter: name.filter, crop: name.crop, height: height,
            width: width, order: other.order, rescale: other.rescale, offset: other.offset, mean: other.mean,
            std: other.std)
        reading = other.reading
    }

    /// What the way of resizing and cropping is called, whatever the numbers that follow; nil where it has no name.
    public var name: Name? {
        Name.allCases.first {
            resize == $0.resize(height: height, width: width) && filter == $0.filter && crop == $0.crop
        }
    }
}
