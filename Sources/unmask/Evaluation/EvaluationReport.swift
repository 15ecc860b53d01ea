import UnmaskModel
import UnmaskRuntime
import UnmaskService

/// How often a head's answers are right.
struct HeadAccuracy {
    let classes: [String]
    private(set) var top1 = 0
    private(set) var top5 = 0
    private(set) var count = 0
    private(set) var perClass: [(right: Int, count: Int)]

    init(classes: [String]) {
        self.classes = classes
        perClass = Array(repeating: (0, 0), count: classes.count)
    }

    /// - Parameter best: class numbers, most probable first.
    mutating func add(_ best: [Int], label: Int) {
        let right = best.first == label
        count += 1
        top1 += right ? 1 : 0
        top5 += best.prefix(5).contains(label) ? 1 : 0
        perClass[label].count += 1
        perClass[label].right += right ? 1 : 0
    }
}

/// How good frozen features are.
struct FeatureAccuracy {
    let neighbours: Double
    let probe: Double
    let trainingImages: Int

    init(
        training: [Float], trainingLabels: [Int], test: [Float], testLabels: [Int], width: Int, classes: Int,
        neighbours k: Int, engine: Engine
    ) throws {
        func accuracy(_ predictions: [Int]) -> Double {
            let right = zip(predictions, testLabels).filter { $0 == $1 }.count
            return Double(right) / Double(max(testLabels.count, 1))
        }
        let knn = try NearestNeighbours(
            vectors: training, width: width, labels: trainingLabels, classes: classes, k: k, engine: engine)
        neighbours = accuracy(try knn.predict(test))
        Console.progress("fitting the linear probe")
        probe = accuracy(
            LinearProbe(features: training, width: width, labels: trainingLabels, classes: classes).predict(test))
        trainingImages = trainingLabels.count
    }
}

/// What `eval` shows.
struct EvaluationReport {
    let model: String
    /// Of which there are results.
    let images: Int
    let failures: Int
    var head: HeadAccuracy?
    var features: FeatureAccuracy?

    var json: String {
        jsonLine { line in
            line.field("model", model)
            line.field("images", images)
            line.field("failed", failures)
            if let head {
                line.field("top1", share(head.top1, head.count))
                line.field("top5", share(head.top5, head.count))
                line.key("classes")
                line.array(of: zip(head.classes, head.perClass)) { array, entry in
                    array.object {
                        $0.field("label", entry.0)
                        $0.field("images", entry.1.count)
                        $0.field("top1", share(entry.1.right, entry.1.count))
                    }
                }
            }
            if let features {
                line.field("knn_top1", features.neighbours)
                line.field("linear_probe_top1", features.probe)
                line.field("training_images", features.trainingImages)
            }
        }
    }

    var text: String {
        var table = Table(["", "images", "top-1", "top-5"], numeric: [1, 2, 3])
        if let head {
            for (label, entry) in zip(head.classes, head.perClass) {
                table.add([label, "\(entry.count)", percent(share(entry.right, entry.count)), ""])
            }
            table.add([
                "all", "\(head.count)", percent(share(head.top1, head.count)), percent(share(head.top5, head.count)),
            ])
        }
        if let features {
            table.add(["frozen features, k-NN", "\(images)", percent(features.neighbours), ""])
            table.add(["frozen features, linear probe", "\(images)", percent(features.probe), ""])
        }
        return table.text
    }

    private func share(_ part: Int, _ whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private func percent(_ share: Double) -> String {
        fixed(100 * share) + " %"
    }
}
