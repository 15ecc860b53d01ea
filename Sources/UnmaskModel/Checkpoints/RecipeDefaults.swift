internal import UnmaskImage

/// What a checkpoint's images are normalised by, for each channel.
struct Normalisation {
    let mean: [Float]
    let std: [Float]

    /// ImageNet's statistics; their average for a model that is not RGB.
    static func imageNet(channels: Int) -> Normalisation {
        guard channels != 3 else { return Normalisation(mean: Recipe.imageNetMean, std: Recipe.imageNetStd) }
        return Normalisation(
            mean: Array(repeating: Recipe.imageNetMean.reduce(0, +) / 3, count: channels),
            std: Array(repeating: Recipe.imageNetStd.reduce(0, +) / 3, count: channels))
    }

    /// 0.5 and 0.5: samples from -1 to 1.
    static func half(channels: Int) -> Normalisation {
        Normalisation(mean: Array(repeating: 0.5, count: channels), std: Array(repeating: 0.5, count: channels))
    }

    /// The recipe of that name for the model's image size.
    func recipe(_ name: Recipe.Name, imageSize: [Int]) throws(ModelError) -> Recipe {
        do throws(RecipeError) {
            return try Recipe(name, height: imageSize[0], width: imageSize[1], mean: mean, std: std)
        } catch {
            throw .invalidConfiguration([error.description])
        }
    }
}

/// How images are prepared where a checkpoint does not say it. What is assumed depends on what the model is, never on
/// the format of its file.
enum RecipeDefaults {
    /// The short side to 256 for 224, ImageNet's statistics: how MAE, DINO, DeiT, MoCo and their kin are evaluated, and
    /// so what a training script saved among other things, and every autoencoder.
    case imageNet
    /// The short side to 248 for 224, 0.5 and 0.5: timm's default for a ViT, and so for a bare state dict.
    case timm

    /// The recipe that is stated, and else the assumed one, which is noted with what would say otherwise.
    static func recipe(
        pretrained: Normalisation?, preprocessing: HuggingFacePreprocessing?, assumed: RecipeDefaults,
        for configuration: ModelConfiguration, _ options: ModelLoadOptions, _ notes: inout [String]
    ) throws(ModelError) -> Recipe {
        if let preprocessing, let normalisation = preprocessing.normalisation(configuration.channels) {
            return try normalisation.recipe(preprocessing.recipeName, imageSize: configuration.imageSize)
        }
        if let pretrained { return try pretrained.recipe(.timm, imageSize: configuration.imageSize) }
        let channels = configuration.channels
        let (name, normalisation): (Recipe.Name, Normalisation) =
            switch assumed {
            case .imageNet: (.mae, .imageNet(channels: channels))
            case .timm: (.timm, .half(channels: channels))
            }
        notes.append(note(normalisation, name: options.recipe == nil ? name : nil))
        return try normalisation.recipe(name, imageSize: configuration.imageSize)
    }

    /// - Parameter name: of the recipe, where that is assumed as well.
    static func note(_ normalisation: Normalisation, name: Recipe.Name?) -> String {
        let files = "a preprocessor_config.json, or pretrained_cfg in a config.json, beside the file"
        let statistics = "mean \(normalisation.mean) and std \(normalisation.std)"
        guard let name else {
            return "the file states no mean and std; \(statistics) are assumed (\(files) says otherwise)"
        }
        return "the file does not say how images are prepared; recipe \(name.rawValue) with \(statistics) is assumed "
            + "(--recipe, or \(files), says otherwise)"
    }
}

extension Recipe {
    /// The same statistics under another name or size.
    func with(name: Name? = nil, imageSize: [Int]? = nil) throws(ModelError) -> Recipe {
        try Normalisation(mean: mean, std: std).recipe(name ?? self.name, imageSize: imageSize ?? [height, width])
    }

    /// Bytes to normalised pixels, (b / 255 - mean) / std, as a scale and a shift of each of so many values, the channel
    /// fastest.
    func scaleShift(values: Int) -> (scale: [Float], shift: [Float]) {
        let scale = (0..<values).map { Float(1 / (255 * Double(std[$0 % channels]))) }
        let shift = (0..<values).map { Float(-Double(mean[$0 % channels]) / Double(std[$0 % channels])) }
        return (scale, shift)
    }

    /// As stamps have it: `mae 224x224`.
    var stamp: String { "\(name.rawValue) \(height)x\(width)" }
}
