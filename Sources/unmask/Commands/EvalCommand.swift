import ArgumentParser
import Foundation
import UnmaskImage
import UnmaskModel
import UnmaskService

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure a model's accuracy on labelled images.",
        discussion: """
            With a fine-tuned model: top-1, top-5, and each class. With --train: how good the frozen backbone's features \
            are, by k nearest neighbours and a linear probe fitted on the training images.
            """)

    @Option(help: ArgumentHelp("The model to measure.", valueName: "path"))
    var model: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    @Option(
        help: ArgumentHelp(
            """
            Labelled images: a folder with a folder for each class, or an IDX image file (MNIST's format, gzip or not) \
            with its label file beside it (images-idx3 and labels-idx1 in their names).
            """, valueName: "DIR|IDX"))
    var data: String

    @Option(help: ArgumentHelp("Labelled images to fit k-NN and a linear probe on.", valueName: "DIR|IDX"))
    var train: String?

    @Option(help: "Neighbours that vote in k-NN.")
    var neighbours = 20

    @Option(help: "What k-NN and the probe read: cls or mean. Default: the checkpoint's own.")
    var pooling: Pooling?

    @OptionGroup var budget: TokenBudget

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    func validate() throws {
        guard neighbours > 0 else { throw ValidationError("--neighbours \(neighbours): expected at least 1") }
        guard pooling != .tokens else { throw ValidationError("--pooling tokens: expected cls or mean") }
    }

    func run() async throws {
        let model = try reading.load(model)
        guard model.hasHead || train != nil else {
            throw ModelError.noHead(model: "\(model.name) (give --train to measure its features instead)")
        }
        let session = try ModelSession(model, engine: running.engine(), maximumBatch: max(running.batch, 32))
        let mask = try budget.mask(patches: model.interface.patches)
        let test = try LabelledImages(data, recipe: model.recipe, labels: model.labels)
        let head = model.hasHead ? try classify(test, session, mask) : nil
        let fitting = try train.map { try LabelledImages($0, recipe: model.recipe, labels: test.classes) }
        let tested = fitting == nil ? nil : try features(test, session, mask)
        let fitted = try fitting.map { try features($0, session, mask) }
        Console.endProgress()
        let unmeasured = (head?.failed ?? []).union(tested?.failed ?? [])
        tell(unmeasured, of: test)
        if let fitting, let fitted { tell(fitted.failed, of: fitting) }
        guard unmeasured.count < test.count else {
            throw ModelError.runtime("\(data): no image of it has a result that could be measured")
        }
        var report = EvaluationReport(
            model: model.name, images: test.count - unmeasured.count, failures: test.failures + unmeasured.count,
            head: head?.accuracy)
        if let fitting, let fitted, let tested {
            guard !fitted.labels.isEmpty else {
                throw ModelError.runtime("\(train ?? ""): no image of it has features to fit anything on")
            }
            report.features = try FeatureAccuracy(
                training: fitted.rows, trainingLabels: fitted.labels, test: tested.rows, testLabels: tested.labels,
                width: model.interface.width(of: pooling ?? model.interface.pooling),
                classes: max(test.classes.count, fitting.classes.count),
                neighbours: neighbours, engine: session.engine)
        }
        Console.endProgress()
        Console.result(json || !Console.showsTable ? report.json : report.text)
        let failures = report.failures + (fitting?.failures ?? 0) + (fitted?.failed.count ?? 0)
        if failures > 0 { throw Outcome.someFailed }
    }

    private func tell(_ failed: Set<Int>, of images: LabelledImages) {
        for index in failed.sorted() {
            Console.message("\(images.name(index)): \(NonFiniteResult(resultName: "result"))")
        }
    }

    private func classify(
        _ test: LabelledImages, _ session: ModelSession, _ mask: Mask?
    ) throws -> (accuracy: HeadAccuracy, failed: Set<Int>) {
        var accuracy = HeadAccuracy(classes: test.classes)
        var failed: Set<Int> = []
        try forEachBatch(test, session) { images, indices in
            let scores = try session.classify(
                images, topK: 5, masks: mask.map { Array(repeating: $0, count: images.count) })
            for (found, index) in zip(scores, indices) {
                if found.isFinite {
                    accuracy.add(found.map(\.index), label: test.labels[index])
                } else {
                    failed.insert(index)
                }
            }
        }
        return (accuracy, failed)
    }

    /// Vectors of length 1 of the images that have finite ones, and their labels.
    private struct Features {
        /// `[n, D]`, row-major.
        var rows: [Float] = []
        var labels: [Int] = []
        var failed: Set<Int> = []
    }

    private func features(_ images: LabelledImages, _ session: ModelSession, _ mask: Mask?) throws -> Features {
        var features = Features()
        let options = EmbeddingOptions(pooling: pooling, normalize: true)
        try forEachBatch(images, session) { batch, indices in
            let vectors = try session.embed(
                batch, options: options, masks: mask.map { Array(repeating: $0, count: batch.count) })
            for (vector, index) in zip(vectors, indices) {
                if vector.isFinite {
                    features.rows += vector.values
                    features.labels.append(images.labels[index])
                } else {
                    features.failed.insert(index)
                }
            }
        }
        return features
    }

    private func forEachBatch(
        _ images: LabelledImages, _ session: ModelSession, _ body: ([PixelImage], Range<Int>) throws -> Void
    ) throws {
        for start in stride(from: 0, to: images.count, by: session.maximumBatch) {
            let range = start..<min(start + session.maximumBatch, images.count)
            try body(range.map { images.image($0) }, range)
            if start % 1024 == 0 { Console.progress("\(start) of \(images.count) images") }
        }
    }
}
