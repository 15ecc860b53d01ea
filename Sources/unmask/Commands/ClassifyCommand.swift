import ArgumentParser
import UnmaskHeads
import UnmaskImage
import UnmaskModel

struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Name what is in images, with a fine-tuned model, or a head that fit made.",
        discussion: """
            Prints {"path","labels":[{"label","index","probability"}…]} for each image, in order, the highest score first; \
            in place of the probability a logit where --scores asks for it, or the value of a regression. With a head that \
            calls images unknown, also "unknown".

              unmask classify photos/ --model models/fashion-mae.safetensors --head photos.head --threshold 0.5 --out answers.csv
            """)

    @Argument(help: "Images, folders of images, or - for a list of paths on standard input.")
    var paths: [String]

    @Option(
        help: ArgumentHelp("A head that fit made of this model's vectors, in place of its own.", valueName: "FILE"))
    var head: String?

    @Option(help: "How many classes to print for each image.")
    var topK = 5

    @Option(
        help: ArgumentHelp(
            """
            probabilities (of classes that exclude one another: a softmax), sigmoid (of labels of which any number may be \
            true), logits, or values (a regression's, as they are). Default: what the model's head gives.
            """, valueName: "kind"))
    var scores: ScoreKind?

    @Option(help: "Leave out labels that score less. Default of heads of labels: the threshold that each has.")
    var threshold: Float?

    @Option(
        help: ArgumentHelp(
            "Write the answers to this file instead: .csv, a row for each label, or .jsonl, a line for each image.",
            valueName: "FILE"))
    var out: String?

    @OptionGroup var budget: TokenBudget

    @OptionGroup var options: ModelOptions

    func validate() throws {
        if let out { try PredictionFile.check(out) }
    }

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let answering = ClassificationOptions(topK: topK, scores: scores, threshold: threshold)
        let fitted = try head.map { try Head(path: $0) }
        let session = try options.session { _ in fitted.map { .embed($0.stamp.pooling) } ?? .classify }
        let model = session.model
        let mask = try budget.mask(patches: model.interface.patches)
        if let fitted {
            let stamp = try session.stamp(of: fitted.embedding, tokens: mask?.kept)
            try fitted.requireFit(for: stamp, name: head ?? "")
        }
        let file = try out.map { try AnswerFile(path: $0) }
        var report = ItemReport()
        let batches = ImageBatches(
            paths: found.paths, recipe: model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                let masks = mask.map { Array(repeating: $0, count: good.count) }
                guard let fitted else {
                    return try session.classify(good, topK: topK, scores: scores, threshold: threshold, masks: masks)
                        .map { Answer(scores: $0) }
                }
                return try session.embed(good, options: fitted.embedding, masks: masks).map { vector in
                    guard vector.isFinite else { return Answer(scores: [], isFinite: false) }
                    let answer = try fitted.answer(vector.values, answering)
                    let isUnknown = fitted.calibration.unknownBelow == nil ? nil : answer.isUnknown
                    return Answer(scores: answer.scores, isUnknown: isUnknown, isFinite: answer.scores.isFinite)
                }
            } print: { path, answer in
                guard let file else { return Console.result(line(path, answer)) }
                try file.append(path, answer.scores, isUnknown: answer.isUnknown, line: record(path, answer))
            } failed: { path, error in
                try file?.append(path, error)
            }
        }
        try file?.finish()
        try report.finish()
    }

    /// What an image was answered.
    private struct Answer: NumericResult {
        static let resultName = "classification"

        let scores: [ClassScore]
        /// Nil where the head calls nothing unknown.
        let isUnknown: Bool?
        let isFinite: Bool

        init(scores: [ClassScore], isUnknown: Bool? = nil, isFinite: Bool? = nil) {
            (self.scores, self.isUnknown, self.isFinite) = (scores, isUnknown, isFinite ?? scores.isFinite)
        }
    }

    private func line(_ path: String, _ answer: Answer) -> String {
        if Console.showsTable {
            let scores = answer.scores.map { "\($0.label) \(text($0))" }.joined(separator: ", ")
            return path + "  " + (answer.isUnknown == true ? "unknown: " : "") + scores
        }
        return record(path, answer)
    }

    private func record(_ path: String, _ answer: Answer) -> String {
        jsonLine { line in
            line.field("path", path)
            line.scores(answer.scores)
            if let isUnknown = answer.isUnknown { line.field("unknown", isUnknown) }
        }
    }

    private func text(_ score: ClassScore) -> String {
        score.kind.member == "probability" ? fixed(Double(score.score) * 100, 1) + " %" : fixed(Double(score.score), 4)
    }
}
