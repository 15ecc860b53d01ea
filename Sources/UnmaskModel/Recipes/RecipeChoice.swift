public import UnmaskImage

/// One of the ways in which a model's images may be prepared: the model's own, or a named one with the model's treatment of
/// samples.
public struct RecipeChoice: Sendable, Hashable {
    /// As requests call it. The model's own is `model` where it has no name.
    public let name: String
    /// As stamps have it.
    public let stamp: String

    public init(name: String, stamp: String) {
        self.name = name
        self.stamp = stamp
    }
}

extension Model {
    /// Every choice with its recipe, the model's own first.
    public var recipes: [(choice: RecipeChoice, recipe: Recipe)] {
        let own = recipe.name
        let others = Recipe.Name.allCases.filter { $0 != own }.compactMap { name in
            (try? Recipe(name, height: recipe.height, width: recipe.width, like: recipe)).map { (name.rawValue, $0) }
        }
        return ([(own?.rawValue ?? "model", recipe)] + others).map { name, recipe in
            (RecipeChoice(name: name, stamp: recipe.stamp), recipe)
        }
    }
}
