public import UnmaskImage

/// A recipe, and for each of its members who said it.
public struct ResolvedRecipe: Sendable {
    public let recipe: Recipe
    /// Member and source, such as `filter` and `preprocessor_config.json`; what only a default says is told as assumed.
    public let origins: [RecipeOrigin]
    /// What was assumed, or is done differently than a file asks.
    public let notes: [String]
}

/// Who said a member of a recipe.
public struct RecipeOrigin: Sendable, Equatable {
    public let member: String
    public let source: String
}

/// Lays what is said of a model's images over one another: what is usual for such a model, the files, the user.
///
/// The one place where a recipe is decided, whatever container the model came in.
struct RecipeResolver {
    /// `[height, width]` and channels of the model.
    let imageSize: [Int]
    let channels: Int
    private var layers: [(source: String, statement: RecipeStatement)] = []

    /// - Parameter usual: what holds where nothing else is said.
    init(imageSize: [Int], channels: Int, usual: UsualRecipe) throws(ModelError) {
        self.imageSize = imageSize
        self.channels = channels
        layers = [(usual.description, try usual.statement(imageSize: imageSize, channels: channels))]
    }

    mutating func add(_ statement: RecipeStatement?, from source: String) {
        if let statement { layers.append((source, statement)) }
    }

    /// What is said of a member so far; nil where it would be assumed.
    func stated<Value>(_ member: (RecipeStatement) -> Value?) -> Value? {
        layers.dropFirst().reversed().compactMap { member($0.statement) }.first
    }

    /// - Throws: where what is said makes no recipe for the model.
    func resolve() throws(ModelError) -> ResolvedRecipe {
        var origins: [RecipeOrigin] = []
        var notes: [String] = []
        var assumed: [String] = []
        func latest<Value>(_ member: String, _ value: (RecipeStatement) -> Value?) throws(ModelError) -> Value {
            for (place, layer) in layers.enumerated().reversed() {
                guard let found = value(layer.statement) else { continue }
                origins.append(
                    RecipeOrigin(member: member, source: place == 0 ? "assumed: \(layer.source)" : layer.source))
                if place == 0 { assumed.append(member) }
                return found
            }
            throw .invalidConfiguration(["nothing says the recipe's \(member)"])
        }
        let resize = try latest("resize", \.resize)
        let filter = try latest("filter", \.filter)
        let crop = try latest("crop", \.crop)
        let order = try latest("order", \.order)
        let rescale = try latest("rescale", \.rescale)
        let offset = try latest("offset", \.offset)
        let mean = try perChannel("mean", try latest("mean", \.mean))
        let std = try perChannel("std", try latest("std", \.std))
        for layer in layers { notes += layer.statement.notes.map { "\(layer.source): \($0)" } }
        let size = layers.reversed().lazy.compactMap(\.statement.size).first ?? imageSize
        let reading = Recipe.Reading(wideGray: stated(\.wideGray) ?? .clamp, decoding: stated(\.decoding) ?? .exact)
        let stated = try named { () throws(RecipeError) in
            try Recipe(
                resize: resize, filter: filter, crop: crop, height: size[0], width: size[1], order: order,
                rescale: rescale, offset: offset, mean: mean, std: std
            ).reading(reading)
        }
        if size != imageSize {
            notes.append(
                "images are said to be prepared at \(size[0])x\(size[1]), and the model takes "
                    + "\(imageSize[0])x\(imageSize[1]): they are prepared for that in proportion "
                    + "(--size \(size[0])x\(size[1]) runs the model at the other size)")
        }
        let recipe = try named { () throws(RecipeError) in
            try stated.scaled(height: imageSize[0], width: imageSize[1])
        }
        if let note = assumption(assumed, recipe) { notes.append(note) }
        return ResolvedRecipe(recipe: recipe, origins: origins, notes: notes)
    }

    /// Names what is assumed, and all that would say otherwise; nil where it is only what holds for nearly every model.
    private func assumption(_ members: [String], _ recipe: Recipe) -> String? {
        let isPlaceAssumed = members.contains { ["resize", "filter", "crop"].contains($0) }
        let areNumbersAssumed = members.contains { ["mean", "std"].contains($0) }
        var shown: [String] = []
        var options: [String] = []
        if isPlaceAssumed {
            shown.append(recipe.label)
            options += ["--recipe", "--resize", "--crop-pct", "--interpolation"]
        }
        if areNumbersAssumed {
            shown.append(recipe.sampleLabel)
            options += ["--mean", "--std"]
        }
        guard !shown.isEmpty else { return nil }
        let subject = isPlaceAssumed ? "how images are prepared" : "the mean and std of images"
        return "nothing says \(subject); \(layers[0].source) is assumed: \(shown.joined(separator: ", ")) (a "
            + "preprocessor_config.json, or pretrained_cfg in a config.json, beside the file, or "
            + "\(options.joined(separator: ", ")) says otherwise)"
    }

    /// One number for all channels, or one for each.
    private func perChannel(_ member: String, _ values: [Float]) throws(ModelError) -> [Float] {
        if values.count == channels { return values }
        guard values.count == 1 else {
            throw .invalidConfiguration([
                "the recipe has \(values.count) numbers of \(member) and the model \(channels) channels: expected one for "
                    + "each, or one for all"
            ])
        }
        return Array(repeating: values[0], count: channels)
    }
}

extension RecipeResolver {
    /// For a file that states a whole recipe.
    static func resolve(
        stated: Recipe, in file: String, imageSize: [Int], channels: Int, _ options: RecipeOptions
    ) throws(ModelError) -> ResolvedRecipe {
        var resolver = try RecipeResolver(imageSize: imageSize, channels: channels, usual: .unknown(nil))
        resolver.add(RecipeStatement(stated), from: "\(file)'s metadata")
        try resolver.add(options)
        return try resolver.resolve()
    }
}
