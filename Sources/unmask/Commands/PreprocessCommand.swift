import ArgumentParser
import UnmaskImage
import UnmaskWeights

struct PreprocessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write the exact pixels that a model sees.",
        discussion: """
            Prepares an image as --model does, or by --recipe without a model. --out writes a NumPy file of bytes, [H, W, C], \
            so that anyone can compare them with their own pipeline; --picture writes them as a PNG to look at.

              unmask preprocess photo.jpg --model models/fashion-mae.safetensors --picture seen.png
            """)

    @Argument(help: "An image.")
    var path: String

    @Option(help: ArgumentHelp("The file to write.", valueName: "PIXELS.npy"))
    var out: String?

    @Option(help: ArgumentHelp("The picture to write.", valueName: "PICTURE.png"))
    var picture: String?

    @OptionGroup var source: RecipeSourceOptions

    func validate() throws {
        guard out != nil || picture != nil else {
            throw ValidationError("nothing would be written: say --out PIXELS.npy, --picture PICTURE.png, or both")
        }
    }

    func run() async throws {
        let recipe = try source.recipe()
        var report = ItemReport()
        try report.batch([PreparedImage(path: path, recipe: recipe)]) {
            $0
        } print: { path, image in
            let shape = "[\(image.height), \(image.width), \(image.channels)]"
            if let out {
                let file = try NPYWriter(path: out, type: .u8, rowShape: [image.width, image.channels])
                try file.append(image.pixels)
                try file.finish()
                Console.message("\(out): \(shape) bytes of \(path), by \(recipe.label)")
            }
            if let picture {
                try image.writePNG(to: picture)
                Console.message("\(picture): \(shape) of \(path), by \(recipe.label)")
            }
        }
        try report.finish()
    }
}
