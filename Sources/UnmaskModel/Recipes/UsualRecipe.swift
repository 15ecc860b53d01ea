internal import UnmaskImage

/// What holds where neither the files nor the user say how images are prepared. It depends on whose model it is, not on
/// the container that it came in.
enum UsualRecipe: CustomStringConvertible {
    /// Autoencoders, and what a training script saved among other things: how MAE, DINO, DeiT, MoCo and their kin are
    /// evaluated, with ImageNet's statistics.
    case training
    /// timm's ViTs, and so a bare state dict.
    case timm
    /// transformers' ViTs, and its ViTMAEs, which keep ImageNet's statistics.
    case transformers(isMAE: Bool)
    /// A graph of unknown origin, under the name that a user gave: what the recipe of that name usually goes with.
    case unknown(Recipe.Name?)

    var description: String {
        switch self {
        case .training: "what the training scripts of MAE and its kin have"
        case .timm: "what timm's ViTs have"
        case .transformers(let isMAE): isMAE ? "what transformers' ViTMAEs have" : "what transformers' ViTs have"
        case .unknown: "what is usual"
        }
    }

    private var name: Recipe.Name {
        switch self {
        case .training: .mae
        case .timm: .timm
        case .transformers: .hf
        case .unknown(let name): name ?? .timm
        }
    }

    private var hasImageNetStatistics: Bool {
        switch self {
        case .training, .transformers(isMAE: true): true
        case .timm, .transformers(isMAE: false): false
        case .unknown(let name): name != .hf
        }
    }

    func statement(imageSize: [Int], channels: Int) throws(ModelError) -> RecipeStatement {
        var statement = try RecipeStatement(name, imageSize: imageSize)
        statement.size = nil
        (statement.order, statement.rescale, statement.offset) = (.rgb, Recipe.unitRescale, 0)
        func average(_ values: [Float]) -> [Float] { channels == 3 ? values : [values.reduce(0, +) / 3] }
        statement.mean = hasImageNetStatistics ? average(Recipe.imageNetMean) : [0.5]
        statement.std = hasImageNetStatistics ? average(Recipe.imageNetStd) : [0.5]
        return statement
    }
}
