import ArgumentParser
import UnmaskHeads
import UnmaskImage
import UnmaskModel
import UnmaskWeights

struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Name the class of every pixel of images, with a head that fit made.",
        discussion: """
            Writes a PNG of each image's own size, with a palette: its indices are the classes, 255 where the model does not see \
            the image. Prints {"path","width","height","seen","classes":[{"label","index","share"}…]}, the largest share of the \
            pixels that are seen first.

              unmask segment photo.jpg --model models/fashion-mae.safetensors --head parts.head -o mask.png --overlay look.png
            """)

    @Argument(help: "Images, folders of images, or - for a list of paths on standard input.")
    var paths: [String]

    @Option(help: ArgumentHelp("The head, of kind segment.", valueName: "FILE"))
    var head: String

    @Option(
        name: [.short, .customLong("out")],
        help: ArgumentHelp("Write masks here: a file for one image, a folder for several.", valueName: "PNG|DIR"))
    var out: String?

    @Option(
        help: ArgumentHelp("Also write images with the classes' colours laid over them.", valueName: "PNG|DIR"))
    var overlay: String?

    /// Of colours over images.
    private static let opacity = 0.5

    @OptionGroup var options: ModelOptions

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let fitted = try Head(path: head)
        let session = try options.session(for: fitted, named: head)
        let masks = try out.map { try PicturePlaces($0, of: found.paths, option: "--out") }
        let overlays = try overlay.map { try PicturePlaces($0, of: found.paths, option: "--overlay") }
        var report = ItemReport()
        let batches = ImageBatches(paths: found.paths, recipe: session.model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                try session.embed(good, options: fitted.embedding).map { tokens in
                    Answer(grid: try fitted.segmentation(tokens.values))
                }
            } print: { path, answer in
                let encoded = try readImageFile(path)
                let recipe = session.model.recipe
                let map = try answer.map(of: encoded, recipe: recipe)
                if let masks { try AtomicFile.save(map.pngData(), as: masks[path]) }
                if let overlays {
                    let picture = map.overlaid(
                        on: try PixelImage.decode(encoded, wideGray: recipe.reading.wideGray), opacity: Self.opacity,
                        ignored: PointLabels.ignored)
                    try AtomicFile.save(picture.pngData(), as: overlays[path])
                }
                Console.result(line(path, map, fitted.labels))
            }
        }
        try report.finish()
    }

    private struct Answer: NumericResult {
        static let resultName = "segmentation"

        let grid: ClassGrid
        var isFinite: Bool { grid.isFinite }

        /// Of the upright image.
        func map(of encoded: [UInt8], recipe: Recipe) throws -> LabelMap {
            let size = try UprightSize(of: encoded)
            let view = try RecipeView(recipe, width: size.width, height: size.height)
            return LabelMap(
                width: size.width, height: size.height,
                numbers: grid.best(rows: view.rows.shares, columns: view.columns.shares))
        }
    }

    private func line(_ path: String, _ map: LabelMap, _ labels: [String]) -> String {
        let shares = ClassShares(map.numbers, labels: labels)
        if Console.showsTable {
            let named = shares.classes.map { "\($0.label) \(fixed(100 * $0.share, 1)) %" }.joined(separator: ", ")
            return "\(path)  \(named)" + (shares.seen < 1 ? "  (\(fixed(100 * shares.seen, 1)) % of it is seen)" : "")
        }
        return jsonLine { line in
            line.field("path", path)
            line.field("width", map.width)
            line.field("height", map.height)
            line.field("seen", shares.seen)
            line.key("classes")
            line.array(of: shares.classes) { array, entry in
                array.object {
                    $0.field("label", entry.label)
                    $0.field("index", entry.index)
                    $0.field("share", entry.share)
                }
            }
        }
    }
}
