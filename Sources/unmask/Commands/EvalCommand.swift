import ArgumentParser
import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskModel

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure a model's accuracy on labelled images.",
        discussion: """
            With a fine-tuned model, or a head that fit made (--head): top-1 and top-5, each class's precision, recall and F1, \
            the confusion matrix and the calibration error. With --train: how good the frozen backbone's features are, by k \
            nearest neighbours and a linear probe fitted on the training images.

              unmask eval --model models/fashion-vit.safetensors --data photos/ --predictions answers.csv
            """)

    @Option(help: ArgumentHelp("Measure this head, which fit made, in place of the model's own.", valueName: "FILE"))
    var head: String?

    @Option(help: ArgumentHelp("Labelled images to fit k-NN and a linear probe on.", valueName: "DIR|CSV|JSONL|IDX"))
    var train: String?

    @Option(help: "Neighbours that vote in k-NN.")
    var neighbours = 20

    @OptionGroup var pairing: PairingOptions
    @OptionGroup var budget: TokenBudget

    @Option(
        help: ArgumentHelp("Also write what each image was answered, as .csv or .jsonl.", valueName: "FILE"))
    var predictions: String?

    @Option(
        help: ArgumentHelp(
            """
            Also write one HTML file that needs nothing else: the confusion matrix, a reliability diagram, and pictures of the \
            surest errors.
            """, valueName: "FILE"))
    var html: String?

    @Option(
        help: ArgumentHelp(
            """
            With --train: the accuracy of a linear layer on so many images of each class, drawn anew --draws times, as 1,2,4,8,16.
            """, valueName: "number,…"))
    var fewShot: String?

    @Option(help: "How often the images of --few-shot are drawn.")
    var draws = 5

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    @OptionGroup var source: HeadSource

    func validate() throws {
        guard neighbours > 0 else { throw ValidationError("--neighbours \(neighbours): expected at least 1") }
        guard head == nil || (train == nil && source.pooling == nil && source.block == nil) else {
            throw ValidationError("--head: the head says what it reads; leave out --train, --pooling and --block")
        }
        guard source.block == nil else { throw ValidationError("--block: only of heads; fit takes it") }
        guard head != nil || source.values.isEmpty else { throw ValidationError("--value: only of heads; give --head") }
        if let predictions { try PredictionFile.check(predictions) }
        guard fewShot == nil || train != nil else { throw ValidationError("--few-shot needs --train with images") }
        guard draws > 0 else { throw ValidationError("--draws \(draws): expected at least 1") }
        _ = try shots()
    }

    func run() async throws {
        let session = try source.session()
        if let head { try await measure(head, session) } else { try await measure(session) }
    }

    // MARK: A fitted head

    private func measure(_ file: String, _ session: ModelSession) async throws {
        let head = try Head(path: file)
        guard head.kind != .project else {
            throw HeadError.unsupported(
                "\(file): a head of kind \(head.kind.rawValue) answers nothing that labels could be held against")
        }
        try head.requireFit(for: session.stamp(of: head.embedding), name: file)
        guard try budget.mask(patches: session.model.interface.patches) == nil else {
            throw ValidationError("--keep: the head was fitted on vectors of whole images")
        }
        if head.kind.learns == .mask { return try await measurePixels(file, head, session) }
        let values = head.kind == .regress ? head.labels : []
        let table = try ImageTable(source.data, values: values)
        let isPaired = [.oneClass, .labels].contains(head.kind.learns)
        let set = isPaired ? try table.paired(with: head.labels, by: pairing.rule()) : table
        let vectors = try await source.run(session, head.embedding).vectors(of: set.images)
        try source.tell(vectors, of: set)
        let measured = try HeadMeasurement(head, set, vectors)
        let report = EvaluationReport(
            model: session.model.name, head: file, images: vectors.indices.count, failures: vectors.failed.count,
            measures: measured.measures)
        try finish(report, measured.predictions, failures: report.failures) { index in
            try set.images.load(index).prepared(session.model.recipe, named: set.images.name(index))
        }
    }

    private func measurePixels(_ file: String, _ head: Head, _ session: ModelSession) async throws {
        guard let grid = head.computation.grid, predictions == nil else {
            throw ValidationError(
                "--predictions: a head of kind \(head.kind.rawValue) answers pixels: segment writes masks")
        }
        let recipe = session.model.recipe
        let masks = try await MaskSet(ImageTable.masked(source.data), recipe: recipe, grid: grid)
        try source.tell(masks.failed, of: masks.table)
        let set = masks.table.only(masks.usable)
        let tokens = try await source.run(session, head.embedding).vectors(of: set.images)
        try source.tell(tokens, of: set)
        let failures = masks.failed.count + tokens.failed.count
        let report = EvaluationReport(
            model: session.model.name, head: file, images: tokens.indices.count, failures: failures,
            measures: try HeadMeasurement(head, masks, tokens, recipe).measures)
        try finish(report, [], failures: failures) {
            try set.images.load($0).prepared(recipe, named: set.images.name($0))
        }
    }

    // MARK: The model's own

    private func measure(_ session: ModelSession) async throws {
        let model = session.model
        guard model.hasHead || train != nil else {
            throw ModelError.noHead(
                model: "\(model.name) (give --head, or --train to measure its features instead)")
        }
        let sets = try EvaluationSets(data: source.data, train: train, model: model, by: pairing.rule())
        let measurement = Measurement(
            session: session, mask: try budget.mask(patches: model.interface.patches), pooling: source.pooling)
        let answers = sets.measuresHead ? try await measurement.head(on: sets.test) : nil
        let tested = sets.training == nil ? nil : try await measurement.features(of: sets.test)
        var fitted: Measurement.Features?
        if let training = sets.training { fitted = try await measurement.features(of: training) }
        let failed = (answers?.failed ?? [:]).merging(tested?.failed ?? [:]) { first, _ in first }
        tell(failed, of: sets.test)
        if let training = sets.training { tell(fitted?.failed ?? [:], of: training) }
        guard failed.count < sets.test.count else {
            throw ModelError.runtime("\(source.data): no image of it has a result that could be measured")
        }
        var report = EvaluationReport(
            model: model.name, images: sets.test.count - failed.count, failures: failed.count,
            measures: (answers?.measures).map { .classes($0) })
        if let fitted, let tested {
            guard !fitted.labels.isEmpty else {
                throw ModelError.runtime("\(train ?? ""): no image of it has features to fit anything on")
            }
            report.features = try FeatureAccuracy(
                training: fitted, test: tested,
                width: model.interface.width(of: source.pooling ?? model.interface.pooling),
                classes: sets.test.classes.count, neighbours: neighbours, shots: shots(), draws: draws)
        }
        let failures = failed.count + (fitted?.failed.count ?? 0)
        try finish(report, answers?.predictions ?? [], failures: failures) { try sets.test.prepare($0).image.get() }
    }

    private func shots() throws -> [Int] {
        let parts = fewShot?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        let numbers = parts.compactMap { Int($0) }.filter { $0 > 0 }
        guard numbers.count == parts.count else {
            throw ValidationError("--few-shot \(fewShot ?? ""): expected whole numbers above 0, separated by commas")
        }
        return numbers
    }

    private func tell(_ failed: [Int: ItemError], of images: LabelledImages) {
        for (index, error) in failed.sorted(by: { $0.key < $1.key }) {
            Console.message("\(images.name(index)): \(error)")
        }
    }

    /// - Parameter image: the set's image of that place, prepared.
    private func finish(
        _ report: EvaluationReport, _ answers: [Prediction], failures: Int, image: @escaping (Int) throws -> PixelImage
    ) throws {
        Console.endProgress()
        if let predictions { try PredictionFile.write(answers, to: predictions) }
        if let html {
            guard case .classes(let measures) = report.measures else {
                throw ModelError.invalidRequest("--html: only of answers about classes that exclude one another")
            }
            try HTMLReport(report: report, measures: measures, predictions: answers) { index in
                try? image(index).pngData()
            }.write(to: html)
        }
        Console.result(json || !Console.showsTable ? report.json : report.text)
        if failures > 0 { throw Outcome.someFailed }
    }
}
