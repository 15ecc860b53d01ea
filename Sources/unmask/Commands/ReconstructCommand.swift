import ArgumentParser
import UnmaskImage
import UnmaskModel
import UnmaskService
import UnmaskWeights

struct ReconstructCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconstruct",
        abstract: "Hide patches of an image and rebuild them, with a pre-trained masked autoencoder.",
        discussion: """
            Writes a PNG with four pictures side by side: the original, what the model saw, the reconstruction, and the \
            reconstruction with the visible patches, as large as the image is, up to 1024 pixels. Prints \
            {"path","out","kept","patches","patch_statistics","hidden_error"}.

              unmask reconstruct photo.jpg --model models/fashion-mae.safetensors --ratio 0.6 --error-map -o out.png
            """)

    @Argument(help: "An image.")
    var path: String

    @Option(name: [.customShort("o"), .long], help: "The PNG to write.")
    var out: String

    @Option(help: "The share of patches to hide. MAE was trained at 0.75.")
    var ratio: Double?

    @OptionGroup var budget: TokenBudget

    @Option(help: "grid (one patch of every two by two stays visible) or block (the middle is hidden).")
    var pattern: Mask.Pattern?

    @Option(
        help: ArgumentHelp(
            "Write the decoder's raw prediction, float32 [N, P·P·C], the channel fastest.", valueName: "PRED.npy"))
    var npy: String?

    @OptionGroup var options: ModelOptions

    @Flag(help: "Add a fifth picture: how wrong each patch is, from black over red to white.")
    var errorMap = false

    /// Of a picture that is larger than the model's.
    static let longestSide = 1024

    func validate() throws {
        guard [ratio != nil, budget.selection != nil, pattern != nil].filter({ $0 }).count <= 1 else {
            throw ValidationError("give one of --ratio, --keep, --patches and --pattern")
        }
    }

    func run() async throws {
        let session = try options.session { _ in .reconstruct }
        let interface = session.model.interface
        let mask = try mask(interface)
        let prepared = PreparedImage(path: path, recipe: session.model.recipe)
        var report = ItemReport()
        try report.batch([prepared]) { images in
            try session.reconstruct(images, masks: [mask])
        } print: { path, result in
            var pictures = try result.pictures(of: path, recipe: session.model.recipe).captioned
            if errorMap {
                let (height, width) = (pictures[0].picture.height, pictures[0].picture.width)
                pictures.append(("error", try result.errorMap.resized(height: height, width: width)))
            }
            try AtomicFile.save(PictureRow(pictures).image().pngData(), as: out)
            if let npy {
                let file = try NPYWriter(
                    path: npy, type: .f32, rowShape: [result.prediction.count / max(result.mask.patches, 1)])
                try file.append(result.prediction)
                try file.finish()
            }
            Console.result(line(path, result))
        }
        try report.finish()
    }

    private func mask(_ model: ModelInterface) throws -> Mask {
        if let pattern {
            return try .pattern(pattern, rows: model.grid[0], columns: model.grid[1])
        }
        return try budget.mask(patches: model.patches)
            ?? .random(patches: model.patches, ratio: ratio ?? 0.75, seed: budget.seed)
    }

    private func line(_ path: String, _ result: Reconstruction) -> String {
        let hidden = zip(result.patchErrors, result.mask.removed).filter { $0.1 == 1 }.map { Double($0.0) }
        let error = hidden.isEmpty ? 0 : hidden.reduce(0, +) / Double(hidden.count)
        let statistics =
            result.usesPatchStatistics ? "colours use the original patches' mean and variance (norm_pix decoder)" : ""
        if Console.showsTable {
            return "\(out): \(result.mask.kept) of \(result.mask.patches) patches seen, "
                + "mean squared error of the hidden ones \(fixed(error, 4)) \(statistics)"
        }
        return jsonLine { line in
            line.field("path", path)
            line.field("out", out)
            line.field("kept", result.mask.kept)
            line.field("patches", result.mask.patches)
            line.field("patch_statistics", result.usesPatchStatistics)
            line.field("hidden_error", error)
        }
    }
}

extension Reconstruction {
    /// The pictures as large as the image is where its recipe can show it so.
    func pictures(of path: String, recipe: Recipe) throws -> ReconstructionPictures {
        let encoded = try readImageFile(path)
        let factor = recipe.ownFactor(of: try UprightSize(of: encoded), longestSide: ReconstructCommand.longestSide)
        guard factor > 1, let larger = recipe.scaled(by: factor) else { return pictures }
        return try pictures(over: larger.prepare(encoded), factor: factor)
    }
}
