import ArgumentParser
import UnmaskImage
import UnmaskModel

/// The recipe of a model, or one that needs none.
struct RecipeSourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Prepare as this model does.", valueName: "path"))
    var model: String?

    @Option(help: ArgumentHelp("Without a model: the size of the pixels, as 224 or 224x320.", valueName: "side|HxW"))
    var size: ImageSize?

    @Flag(help: "Without a model: one channel of luminance instead of RGB.")
    var gray = false

    @OptionGroup var preparation: PreparationOptions

    func validate() throws {
        guard model == nil || size == nil && !gray else {
            throw ValidationError("--model has its own size and channels: leave out --size and --gray, or --model")
        }
        guard model != nil || preparation.recipe != nil else {
            throw ValidationError("nothing says how images are prepared: say --model, or --recipe")
        }
    }

    func recipe() throws -> Recipe {
        if let model {
            return try Model.load(model, options: ModelLoadOptions(recipe: preparation.options())).recipe
        }
        let sides = size?.sides ?? [224, 224]
        return try ResolvedRecipe(preparation.options(), imageSize: sides, channels: gray ? 1 : 3).recipe
    }
}
