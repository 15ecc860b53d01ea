import ArgumentParser
import Foundation
import UnmaskHeads
import UnmaskModel

struct FitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Fit a head on a frozen backbone's vectors of labelled images.",
        discussion: """
            The head is a file of its own, which classify, eval and serve take with --head, and convert attaches to the \
            model. Vectors are computed once and kept on disk: killed, the next fit goes on with them.

              unmask fit classify --model models/fashion-mae.safetensors --data photos/ -o photos.head

            classify, or ep: one of several classes, by queries that attend to the patch tokens (efficient probing), with \
            probabilities calibrated on held-out images. attentive: by multi-head attention pooling of the tokens. linear: by \
            logistic regression of one vector, its strength by cross-validation. knn: by the most similar training images. tag: \
            any number of labels each, with a threshold of its own. regress: quantities, by ridge regression. segment: the class of \
            every pixel, learned from images and masks. anomaly: how strange an image looks, and where, learned from good images \
            alone, by a memory of their patches, by masked reconstruction, or by both (--by). project: no answers, but vectors along the directions in which images differ most (PCA), for retrieval.
            """)

    @Argument(
        help:
            "What the head does: classify (which is ep), attentive, linear, knn, tag, regress, segment, anomaly or project."
    )
    var kind: HeadKind

    @OptionGroup var pairing: PairingOptions
    @OptionGroup var attention: AttentionOptions
    @OptionGroup var segmentation: SegmentationOptions
    @OptionGroup var anomaly: AnomalyOptions
    @OptionGroup var projection: ProjectionOptions

    @Option(name: [.short, .customLong("out")], help: "The head's file.")
    var out: String

    @Option(help: ArgumentHelp("Labelled images to measure the head with, as --data.", valueName: "DIR|CSV|JSONL|IDX"))
    var test: String?

    @Option(
        help: """
            The share of each class that is held out and measured with, where neither --test nor the list says which.
            """)
    var holdOut = 0.0

    @Option(
        help: ArgumentHelp(
            """
            How strong: scikit-learn's C of linear and tag, the like of segment, or alpha of regress. Several, separated by commas, \
            are tried by cross-validation. Default: 10^-4 to 100 in half decades; of segment 0.1 to 10^4 in decades; of regress \
            10^-4 to 10^8.
            """, valueName: "number,…"))
    var strength: String?

    @Option(
        help: ArgumentHelp(
            "Neighbours that vote in knn; several are tried. Default: 1,3,5,10,20,40,80.", valueName: "number,…"))
    var neighbours: String?

    @Option(help: "Parts that the images are dealt into, each of which is held out once to choose by. Default: 5.")
    var folds: Int?

    @Flag(help: "Let every class weigh as much, however many images it has.")
    var balanced = false

    @Option(
        help: """
            Call an image unknown that is less sure than this share of the held-out images that are named right. Default: 0, no \
            image is.
            """)
    var unknown: Double?

    @Option(help: "Decides the splits: the same seed, images and model give the same file.")
    var seed: UInt64 = 0

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    @OptionGroup var options: HeadSource

    func validate() throws {
        guard (0..<1).contains(holdOut) else { throw ValidationError("--hold-out \(holdOut): expected 0 to below 1") }
        if let unknown, !(0..<1).contains(unknown) {
            throw ValidationError("--unknown \(unknown): expected 0 to below 1")
        }
        if let folds, folds < 1 { throw ValidationError("--folds \(folds): expected at least 1") }
        try refuseWhatIsNotRead()
        guard kind != .regress || !options.values.isEmpty else {
            throw ValidationError("regress: name the quantities of the list with --value NAME")
        }
        guard !kind.readsTokens || options.pooling == nil else {
            throw ValidationError("--pooling: \(kind.rawValue) reads the patch tokens; leave it out, or fit linear")
        }
        if anomaly.by == .reconstruction {
            guard options.block == nil, folds == nil else {
                throw ValidationError(
                    "\(options.block == nil ? "--folds" : "--block"): plays no part in --by reconstruction, which learns nothing of "
                        + "tokens")
            }
        }
        guard kind != .project || test == nil else {
            throw ValidationError("--test: project answers nothing that could be measured")
        }
        guard !kind.needsNoLabels || holdOut == 0 else {
            throw ValidationError(
                "--hold-out: \(kind.rawValue) learns from images of which nothing is said, so that nothing could be measured"
            )
        }
        _ = try (
            PositiveNumbers.read(strength, "--strength"), PositiveNumbers.read(neighbours, "--neighbours"),
            PositiveNumbers.read(attention.rate, "--rate")
        )
    }

    /// What is said and plays no part would be passed over without a word.
    private func refuseWhatIsNotRead() throws {
        let paired = HeadKind.allCases.filter { [.oneClass, .labels].contains($0.learns) }
        try refuse("--value", if: !options.values.isEmpty, exceptIn: [.regress])
        try refuse(
            "--class-map and --folder-order", if: pairing.classMap != nil || pairing.folderOrder, exceptIn: paired)
        for (parameter, name, isGiven) in fittingOptions {
            try refuse(name, if: isGiven, exceptIn: parameter.kinds)
        }
    }

    private func refuse(_ option: String, if isGiven: Bool, exceptIn kinds: [HeadKind]) throws {
        guard isGiven, !kinds.contains(kind) else { return }
        let readers = kinds.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(option): plays no part in \(kind.rawValue); only in \(readers)")
    }

    private var fittingOptions: [(parameter: FittingParameter, name: String, isGiven: Bool)] {
        [
            (.strength, "--strength", strength != nil), (.neighbours, "--neighbours", neighbours != nil),
            (.folds, "--folds", folds != nil), (.balanced, "--balanced", balanced),
            (.unknown, "--unknown", unknown != nil), (.queries, "--queries", attention.queries != nil),
            (.epochs, "--epochs", attention.epochs != nil), (.rate, "--rate", attention.rate != nil),
            (.dimensions, "--dimensions", projection.dimensions != nil), (.whiten, "--whiten", projection.whiten),
            (.hidden, "--hidden", segmentation.hidden != nil), (.ignore, "--ignore", segmentation.ignore != nil),
            (.classes, "--classes", segmentation.classes != nil),
            (.falseAlarms, "--false-alarms", anomaly.falseAlarms != nil), (.memory, "--memory", anomaly.memory != nil),
            (.by, "--by", anomaly.by != nil), (.passes, "--passes", anomaly.passes != nil),
        ]
    }

    func run() async throws {
        var fitting = HeadFitting(
            kind: kind, strengths: try PositiveNumbers.read(strength, "--strength"),
            neighbours: try PositiveNumbers.read(neighbours, "--neighbours")?.map { Int($0) }, folds: folds ?? 5,
            isBalanced: balanced, seed: seed, unknownShare: unknown ?? 0)
        try attention.tell(&fitting)
        anomaly.tell(&fitting)
        projection.tell(&fitting)
        fitting.hidden = segmentation.hidden
        let session = try options.session()
        let features = try options.run(
            session, kind.readsTokens ? EmbeddingOptions(pooling: .tokens, sources: sources()) : nil)
        let training = try await training(session.model)
        let fitted = try await features.vectors(of: training.train.images)
        try options.tell(fitted, of: training.train)
        let measured: FeatureRun.Result? =
            if let test = training.test { try await features.vectors(of: test.images) } else { nil }
        if let test = training.test, let measured {
            try options.tell(measured, of: test)
            warnOfDuplicates(fitted, measured)
        }
        let started = ContinuousClock.now
        let head = try training.fit(fitting, fitted)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        Console.endProgress()
        training.warn(head, fitted)
        try head.write(to: out)
        let measures = try measured.map { try training.measured(head, $0) }
        let report = FitReport(
            file: out, head: head, images: fitted.indices.count, kept: fitted.kept, seconds: seconds,
            measures: measures?.measures)
        Console.result(json || !Console.showsTable ? report.json : report.text)
        if training.hasFailures || !fitted.failed.isEmpty || !(measured?.failed.isEmpty ?? true) {
            throw Outcome.someFailed
        }
    }

    /// What a head of tokens reads.
    private func sources() throws -> [VectorSource] {
        let tokens = try options.sources()
        return kind == .anomaly ? anomaly.sources(tokens, seed: seed) : tokens
    }

    private func training(_ model: Model) async throws -> any HeadTraining {
        let data = try options.table(for: kind)
        // Good images are told from others by their labels.
        let test = try test.map { try kind == .anomaly ? ImageTable($0) : options.table(for: kind, at: $0) }
        if kind.learns == .mask {
            return try await MaskTraining(
                data, test: test, share: holdOut, seed: seed, segmentation, options, model)
        }
        return try LabelledTraining(
            kind: kind, data: data, test: test, share: holdOut, seed: seed, names: model.labels,
            grid: model.interface.grid, by: pairing.rule())
    }

    /// Images that are in both sets make a measure better than it is.
    private func warnOfDuplicates(_ train: FeatureRun.Result, _ test: FeatureRun.Result) {
        let known = Set(train.keys.compactMap(\.self))
        let twice = test.keys.compactMap(\.self).filter(known.contains).count
        if twice > 0 {
            Console.warning(
                "\(twice) images that are measured with are also fitted on: the same content under other names")
        }
    }
}
