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
