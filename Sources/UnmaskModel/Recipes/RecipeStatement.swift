internal import UnmaskImage

/// What one source says of a recipe; what is nil it leaves to others. Sources are laid over one another, the strongest
/// last, and every member remembers who said it.
struct RecipeStatement {
    var resize: Resize?
    var filter: ResampleFilter?
    /// The outer nil: not said. The inner one: nothing is cropped.
    var crop: Crop??
    /// `[height, width]` that it makes.
    var size: [Int]?
    var order: Recipe.ChannelOrder?
    var rescale: Double?
    var offset: Double?
    var mean: [Float]?
    var std: [Float]?
    var wideGray: Recipe.WideGray?
    var decoding: Recipe.Decoding?
    /// What of it is done differently, or not at all.
    var notes: [String] = []

    init() {}

    /// All that a recipe says.
    init(_ recipe: Recipe) {
        resize = recipe.resize
        filter = recipe.filter
        crop = .some(recipe.crop)
        size = [recipe.height, recipe.width]
        order = recipe.order
        rescale = recipe.rescale
        offset = recipe.offset
        mean = recipe.mean
        std = recipe.std
        wideGray = recipe.reading.wideGray
        decoding = recipe.reading.decoding
    }

    /// How a named recipe resizes and crops.
    init(_ name: Recipe.Name, imageSize: [Int]) throws(ModelError) {
        let recipe = try named { () throws(RecipeError) in
            try Recipe(name, height: imageSize[0], width: imageSize[1], mean: [0], std: [1])
        }
        resize = recipe.resize
        filter = recipe.filter
        crop = .some(recipe.crop)
        size = imageSize
    }
}

/// Turns a recipe's error into the model's.
func named<T>(_ body: () throws(RecipeError) -> T) throws(ModelError) -> T {
    do throws(RecipeError) { return try body() } catch { throw .invalidConfiguration([error.description]) }
}
