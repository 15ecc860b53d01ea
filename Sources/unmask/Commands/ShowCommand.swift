import ArgumentParser
import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskModel

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show in the terminal what a model sees of images, and what it makes of them.",
        discussion: """
            Side by side: the image as the model sees it; of a masked autoencoder what it saw with patches hidden, what it rebuilt, \
            and both together; and of every model with patch tokens the first three principal components of their features as \
            colours: what is alike has like colours.

              unmask show photo.jpg --model models/fashion-mae.safetensors --ratio 0.5
            """)

    @Argument(help: "Images, folders of images, or - for a list of paths on standard input.")
    var paths: [String]

    @Option(help: "The share of patches to hide from a masked autoencoder.")
    var ratio = 0.75

    @Option(help: "Which patches are hidden: the same seed hides the same.")
    var seed: UInt64 = 0

    @Option(help: "How pictures are shown: kitty, sixel or blocks. Default: what the terminal says that it can.")
    var form: TerminalForm?

    @Option(help: "How many columns blocks may take. Default: those of the terminal.")
    var columns: Int?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        guard (0..<1).contains(ratio) else { throw ValidationError("--ratio \(ratio): expected 0 to below 1") }
        if let columns, columns < 1 { throw ValidationError("--columns \(columns): expected at least 1") }
    }

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let session = try options.session { $0.hasDecoder ? .reconstruct : .embed(nil) }
        let form = form ?? TerminalForm(ProcessInfo.processInfo.environment)
        let columns = columns ?? Self.terminalColumns
        var failures = 0
        for path in found.paths {
            do {
                let row = PictureRow(try pictures(of: path, session)).image()
                Console.result("\(path)\n" + (try TerminalPicture(image: row).text(form, columns: columns)))
            } catch let error as ImageError {
                Console.message("\(path): \(error)")
                failures += 1
            }
        }
        guard failures > 0 else { return }
        throw failures < found.paths.count ? Outcome.someFailed : Outcome.nothingDone
    }

    private func pictures(of path: String, _ session: ModelSession) throws -> [(caption: String, picture: PixelImage)] {
        let (interface, recipe) = (session.model.interface, session.model.recipe)
        let image = try recipe.prepare(path: path, control: .telling(of: path))
        var pictures = [(caption: "what is seen", picture: image)]
        if interface.decoder != nil {
            let mask = try Mask.random(patches: interface.patches, ratio: ratio, seed: seed)
            pictures = try session.reconstruct([image], masks: [mask])[0].pictures(of: path, recipe: recipe).captioned
        }
        if interface.shapes[.tokens] != nil, interface.patches > 3 {
            let tokens = try session.embed([image], options: EmbeddingOptions(pooling: .tokens))[0]
            let features = try FeatureColors(tokens.values, grid: interface.grid).picture
            let size = pictures[0].picture
            pictures.append(("features", try features.resized(height: size.height, width: size.width)))
        }
        return pictures
    }

    /// 80 where standard output is no terminal, or does not say.
    private static var terminalColumns: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
