import ArgumentParser
import UnmaskHeads
import UnmaskImage
import UnmaskModel
import UnmaskWeights

struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Say how strange images look, and where, with an anomaly head that fit made of good ones.",
        discussion: """
            Prints {"path","score","anomalous","threshold","patches"} for each image: the largest of its patches' \
            scores, whether that is anomalous, and each patch's own, row by row: its distance to those of good images, the error of \
            its masked reconstruction, or the mean of both's ranks, as the head was fitted.

              unmask score photos/ --model models/fashion-mae.safetensors --head good.head -o heat/
            """)

    @Argument(help: "Images, folders of images, or - for a list of paths on standard input.")
    var paths: [String]

    @Option(help: ArgumentHelp("The head, of kind anomaly.", valueName: "FILE"))
    var head: String

    @Option(
        name: [.short, .customLong("out")],
        help: ArgumentHelp(
            "Write images with what is strange in red: a file for one image, a folder for several.",
            valueName: "PNG|DIR"))
    var out: String?

    @Option(help: "Call an image anomalous from this score. Default: the head's own threshold.")
    var threshold: Double?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        if let threshold, !(threshold > 0 && threshold.isFinite) {
            throw ValidationError("--threshold \(threshold): expected a number above 0")
        }
    }

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let fitted = try Head(path: head)
        let session = try options.session(for: fitted, named: head)
        let places = try out.map { try PicturePlaces($0, of: found.paths, option: "--out") }
        let threshold = threshold ?? fitted.calibration.anomalousFrom
        var report = ItemReport()
        let batches = ImageBatches(paths: found.paths, recipe: session.model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                try session.embed(good, options: fitted.embedding).map { Answer(try fitted.anomaly($0.values)) }
            } print: { path, answer in
                if let places {
                    let recipe = session.model.recipe
                    let picture = try PixelImage.decode(readImageFile(path), wideGray: recipe.reading.wideGray)
                    let view = try RecipeView(recipe, width: picture.width, height: picture.height)
                    let heat = HeatMap(answer.answer, view, threshold: threshold).laid(over: picture)
                    try AtomicFile.save(heat.pngData(), as: places[path])
                }
                Console.result(line(path, answer.answer, threshold))
            }
        }
        try report.finish()
    }

    private struct Answer: NumericResult {
        static let resultName = "score"

        let answer: AnomalyAnswer
        var isFinite: Bool { answer.score.isFinite }

        init(_ answer: AnomalyAnswer) { self.answer = answer }
    }

    private func line(_ path: String, _ answer: AnomalyAnswer, _ threshold: Double) -> String {
        let isAnomalous = Double(answer.score) >= threshold
        if Console.showsTable {
            return "\(path)  \(fixed(Double(answer.score), 4))" + (isAnomalous ? "  anomalous" : "")
        }
        return jsonLine { line in
            line.field("path", path)
            line.field("score", answer.score)
            line.field("anomalous", isAnomalous)
            line.field("threshold", threshold)
            line.key("patches")
            line.array(of: answer.patches) { $0.value($1) }
        }
    }
}
