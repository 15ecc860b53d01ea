import UnmaskHeads
import UnmaskModel
import UnmaskRuntime

/// How good frozen features are.
struct FeatureAccuracy {
    let neighbours: Double
    let probe: Double
    let trainingImages: Int
    /// Empty where it was not asked for.
    let fewShot: [FewShotCurve.Point]

    init(
        training: Measurement.Features, test: Measurement.Features, width: Int, classes: Int, neighbours k: Int,
        shots: [Int], draws: Int
    ) throws {
        func accuracy(_ scores: [[Float]]) -> Double {
            let right = zip(scores, test.labels).filter { scores, label in
                scores.indices.max { (scores[$0], -$0) < (scores[$1], -$1) } == label
            }
            return Double(right.count) / Double(max(test.labels.count, 1))
        }
        let (fitted, queries) = (
            try FeatureMatrix(training.rows, width: width), try FeatureMatrix(test.rows, width: width)
        )
        let knn = try NearestNeighbours(
            vectors: training.rows, width: width, labels: training.labels, classes: classes, k: k)
        neighbours = accuracy(try knn.votes(of: queries))
        Console.progress("fitting the linear probe")
        let options = LogisticRegression.Options(strengths: [Self.strength], folds: 1)
        let targets = try Targets(classes: training.labels, outputs: classes)
        let layer = try LogisticRegression(fitted, targets, options).layer
        probe = accuracy((0..<queries.rows).map { layer(queries[$0]) })
        trainingImages = training.labels.count
        if !shots.isEmpty { Console.progress("fitting on few images") }
        fewShot =
            try shots.isEmpty
            ? []
            : FewShotCurve(
                training: fitted, training.labels, test: queries, test.labels, classes: classes, shots: shots,
                draws: draws
            ).points
    }

    /// Scikit-learn's C of the probe, which chooses none: `fit linear` does.
    private static let strength = 0.1
}

/// What `eval` shows.
struct EvaluationReport {
    let model: String
    /// The head's file; nil for the model's own.
    var head: String?
    /// Of which there are results.
    let images: Int
    let failures: Int
    var measures: HeadMeasurement.Measures?
    var features: FeatureAccuracy?

    var json: String {
        jsonLine { line in
            line.field("model", model)
            if let head { line.field("head", head) }
            line.field("images", images)
            line.field("failed", failures)
            measures?.write(to: &line)
            if let features {
                line.field("knn_top1", features.neighbours)
                line.field("linear_probe_top1", features.probe)
                line.field("training_images", features.trainingImages)
                if !features.fewShot.isEmpty {
                    line.key("few_shot")
                    line.array(of: features.fewShot) { array, point in
                        array.object {
                            $0.field("shots", point.shots)
                            $0.field("top1", point.mean)
                            $0.field("deviation", point.deviation)
                        }
                    }
                }
            }
        }
    }

    var text: String {
        var table = Table(["", "images", "top-1"], numeric: [1, 2])
        if let features {
            table.add(["frozen features, k-NN", "\(images)", percent(features.neighbours)])
            table.add(["frozen features, linear probe", "\(images)", percent(features.probe)])
            for point in features.fewShot {
                let spread = "\(percent(point.mean)) ± \(fixed(100 * point.deviation))"
                table.add(["of \(point.shots) images a class", "\(images)", spread])
            }
        }
        return [measures?.text, features == nil ? nil : table.text].compactMap(\.self).joined(separator: "\n\n")
    }
}
