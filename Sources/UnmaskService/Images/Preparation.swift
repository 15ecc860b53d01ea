import UnmaskImage

/// How an image becomes the pixels that a model sees.
enum Preparation: Sendable, Equatable {
    case recipe(Recipe.Name)
    /// Not at all: raw pixels of the model's own size.
    case none

    /// As requests and stamps call it.
    var name: String {
        switch self {
        case .recipe(let name): name.rawValue
        case .none: "none"
        }
    }
}
