internal import UnmaskImage

/// What timm's `pretrained_cfg` says of how images are prepared (timm/data/config.py, transforms_factory.py).
struct TimmPreprocessing: Decodable {
    let input_size: OneOrTwo?
    let test_input_size: OneOrTwo?
    let crop_pct: Double?
    let test_crop_pct: Double?
    let crop_mode: String?
    let interpolation: String?
    let fixed_input_size: Bool?
    let mean: [Float]?
    let std: [Float]?
    let license: String?

    /// Whether it says anything of images: other files have a `pretrained_cfg` for other purposes.
    var isPresent: Bool {
        input_size != nil || crop_pct != nil || crop_mode != nil || interpolation != nil || mean != nil || std != nil
    }

    /// For a model that runs at that size. What is left out has timm's default. At the size of tests, where there is one,
    /// the crop is that of tests.
    /// - Parameter file: for the error.
    func statement(imageSize: [Int], file: String) throws(ModelError) -> RecipeStatement {
        var statement = RecipeStatement()
        let isTestSize = test_input_size?.values == imageSize && input_size?.values != imageSize
        let fraction = isTestSize ? test_crop_pct ?? crop_pct ?? 0.875 : crop_pct ?? 0.875
        guard let filter = ResampleFilter(rawValue: interpolation ?? "bicubic") else {
            throw .unsupported(
                file: file,
                feature: "interpolation “\(interpolation ?? "")”; expected "
                    + ResampleFilter.allCases.map(\.rawValue).joined(separator: ", "))
        }
        statement.filter = filter
        statement.mean = mean ?? Recipe.imageNetMean
        statement.std = std ?? Recipe.imageNetStd
        (statement.order, statement.rescale, statement.offset) = (.rgb, Recipe.unitRescale, 0)
        statement.size = imageSize
        switch crop_mode ?? "center" {
        case "center":
            statement.resize = .cover(.fraction(fraction))
            statement.crop = .some(Crop())
        case "squash":
            statement.resize = .squash(.fraction(fraction))
            statement.crop = .some(fraction == 1 ? nil : Crop())
        case "border":
            statement.resize = .contain(.fraction(fraction))
            statement.crop = .some(Crop(padding: (statement.mean ?? []).map(Self.byte)))
        case let other:
            throw .unsupported(file: file, feature: "crop_mode “\(other)”; expected center, squash or border")
        }
        if fixed_input_size == true, let size = input_size?.values, size != imageSize, !isTestSize {
            statement.notes.append(
                "fixed_input_size: the model was made for \(size.map(String.init).joined(separator: "x")) and runs at "
                    + imageSize.map(String.init).joined(separator: "x"))
        }
        return statement
    }

    /// round(255 · mean), half to even as Python has it.
    private static func byte(_ mean: Float) -> UInt8 {
        UInt8(min(max((255 * Double(mean)).rounded(.toNearestOrEven), 0), 255))
    }
}
