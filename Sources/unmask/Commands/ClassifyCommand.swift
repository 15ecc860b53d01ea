import ArgumentParser
import UnmaskModel

struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Name what is in images, with a fine-tuned model.",
        discussion: """
            Prints {"path","labels":[{"label","index","probability"}…]} for each image, in order, most probable first.
            """)

    @Argument(help: "Images, folders of images, or - for a list of paths on standard input.")
    var paths: [String]

    @OptionGroup var options: ModelOptions

    @Option(help: "How many classes to print for each image.")
    var topK = 5

    @OptionGroup var budget: TokenBudget

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let session = try options.session { _ in .classify }
        let model = session.model
        let mask = try budget.mask(patches: model.interface.patches)
        var report = ItemReport()
        let batches = ImageBatches(
            paths: found.paths, recipe: model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                try session.classify(
                    good, topK: topK, masks: mask.map { Array(repeating: $0, count: good.count) })
            } print: { path, scores in
                Console.result(line(path, scores))
            }
        }
        try report.finish()
    }

    private func line(_ path: String, _ scores: [ClassScore]) -> String {
        if Console.showsTable {
            return path + "  "
                + scores.map { "\($0.label) \(fixed(Double($0.probability) * 100, 1)) %" }.joined(separator: ", ")
        }
        return jsonLine { line in
            line.field("path", path)
            line.key("labels")
            line.array(of: scores) { array, score in
                array.object {
                    $0.field("label", score.label)
                    $0.field("index", score.index)
                    $0.field("probability", score.probability)
                }
            }
        }
    }
}
