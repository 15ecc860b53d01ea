import ArgumentParser
import UnmaskImage
import UnmaskModel
import UnmaskWeights

struct PreprocessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write the exact pixels that a model sees.",
        discussion: "A NumPy file of bytes, [H, W, C], so that anyone can compare them with their own pipeline.")

    @Argument(help: "An image.")
    var path: String

    @Option(
        help: """
            mae (short side 256, centre crop 224, bicubic), timm (short side 248, centre crop 224, bicubic), hf \
            (squash, bilinear) or squash (squash, bicubic); other sizes in proportion.
            """)
    var recipe: Recipe.Name

    @Option(help: ArgumentHelp("The size of the pixels, as 224 or 224x320.", valueName: "side|HxW"))
    var size = ImageSize(sides: [224, 224])

    @Flag(help: "One channel of luminance instead of RGB.")
    var gray = false

    @Option(help: ArgumentHelp("The file to write.", valueName: "PIXELS.npy"))
    var out: String

    func run() async throws {
        let channels = gray ? 1 : 3
        let statistics = [Float](repeating: 0.5, count: channels)
        let recipe = try Recipe(
            recipe, height: size.sides[0], width: size.sides[1], mean: statistics, std: statistics)
        var report = ItemReport()
        try report.batch([PreparedImage(path: path, recipe: recipe)]) {
            $0
        } print: { path, image in
            let file = try NPYWriter(path: out, type: .u8, rowShape: [image.width, image.channels])
            try file.append(image.pixels)
            try file.finish()
            Console.message("\(out): [\(image.height), \(image.width), \(image.channels)] bytes of \(path)")
        }
        try report.finish()
    }
}
