import UnmaskModel

/// How an image becomes the pixels that a model sees.
enum Preparation: Sendable, Equatable {
    case recipe(RecipeChoice)
    /// Not at all: raw pixels of the model's own size.
    case none

    /// What requests call the way that is none.
    static let noneName = "none"

    /// The way of an encoded image.
    var recipeOfEncoded: RecipeChoice {
        get throws(ServiceError) {
            guard case .recipe(let choice) = self else {
                throw ServiceError(
                    .imageUnsupported,
                    "an encoded image needs a recipe: \"recipe\":\"none\" is for pixels of the model's own size")
            }
            return choice
        }
    }

    /// As stamps have it, for a model of that `[height, width]`.
    func stamp(imageSize: [Int]) -> String {
        switch self {
        case .recipe(let choice): choice.stamp
        case .none: "\(Self.noneName) \(imageSize[0])x\(imageSize[1])"
        }
    }
}
