import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// What a head answers of labelled images, and how right that is.
struct HeadMeasurement {
    enum Measures {
        case classes(ClassificationMeasures)
        /// Of each label, and of all images those whose labels are all right.
        case tags([(label: String, measures: TagMeasures)], exact: Double)
        case quantities([(name: String, measures: RegressionMeasures)])
        case pixels(SegmentationMeasures)
        case anomalies(AnomalyMeasures)
    }

    private(set) var predictions: [Prediction] = []
    let measures: Measures

    /// Of a head that names pixels.
    /// - Parameters:
    ///   - masks: of the images; those whose masks can be used were run, in that order.
    ///   - tokens: of those.
    ///   - recipe: the model's.
    init(_ head: Head, _ masks: MaskSet, _ tokens: FeatureRun.Result, _ recipe: Recipe) throws {
        let numbers = MaskNumbers(head.fit)
        try numbers.require(classes: head.labels.count, of: masks.present, in: masks.table.path)
        var pixels = SegmentationMeasures(classes: head.labels)
        let usable = masks.usable
        for (place, index) in tokens.indices.enumerated() {
            let mask = try masks.table.mask(usable[index])
            let view = try RecipeView(recipe, width: mask.width, height: mask.height)
            pixels.add(
                answered: try head.segmentation(tokens.vector(place)).best(
                    rows: view.rows.shares, columns: view.columns.shares),
                expected: mask.numbers.map { numbers.class(of: $0) ?? PointLabels.ignored })
        }
        measures = .pixels(pixels)
    }

    /// - Parameters:
    ///   - table: whose labels are the head's.
    ///   - vectors: of its images, those that have one.
    init(_ head: Head, _ table: ImageTable, _ vectors: FeatureRun.Result) throws {
        let rows = vectors.indices
        let numbers = Dictionary(head.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let all = ClassificationOptions(topK: head.labels.count, threshold: head.kind == .tag ? 0 : nil)
        var classes = ClassificationMeasures(classes: head.labels)
        var scores: [[Float]] = []
        for (place, row) in rows.enumerated() {
            let answer = try head.answer(vectors.vector(place), all)
            let ordered = answer.scores
            if head.kind.isExclusive {
                guard let label = table.rows[row].labels.first.flatMap({ numbers[$0] }) else { continue }
                classes.add(ordered.map(\.index), label: label, probability: ordered.first.map { Double($0.score) })
            } else {
                scores.append(ordered.sorted { $0.index < $1.index }.map(\.score))
            }
            let expected =
                head.kind == .regress ? table.rows[row].values.map { "\($0)" } : table.rows[row].labels
            predictions.append(
                Prediction(
                    index: row, name: table.images.name(row), expected: expected, scores: Self.counted(answer, head),
                    isUnknown: answer.isUnknown))
        }
        switch head.kind.learns {
        case .oneClass: measures = .classes(classes)
        case .labels: measures = Self.tags(head, scores, rows.map { Set(table.rows[$0].labels) })
        case .quantities: measures = Self.quantities(head, scores, rows.map { table.rows[$0].values })
        case .mask, .nothing: measures = try Self.anomalies(head, scores.map { $0[0] }, table, rows)
        }
    }

    private static func anomalies(
        _ head: Head, _ scores: [Float], _ table: ImageTable, _ rows: [Int]
    ) throws -> Measures {
        guard table.labelNames.contains(AnomalyMeasures.good) else {
            throw ModelError.invalidRequest(
                "\(table.path): no image is labelled \(AnomalyMeasures.good): expected good ones under that name, and others under "
                    + "any; there are \(table.labelNames.prefix(10).joined(separator: ", "))")
        }
        return .anomalies(
            AnomalyMeasures(
                scores: scores, isAnomalous: rows.map { table.rows[$0].labels != [AnomalyMeasures.good] },
                threshold: head.calibration.anomalousFrom))
    }

    /// Of labels that do not exclude one another those that count.
    private static func counted(_ answer: HeadAnswer, _ head: Head) -> [ClassScore] {
        guard let thresholds = head.calibration.thresholds else { return answer.scores }
        return answer.scores.filter { Double($0.score) >= thresholds[$0.index] }
    }

    private static func tags(_ head: Head, _ scores: [[Float]], _ expected: [Set<String>]) -> Measures {
        let each = head.labels.enumerated().map { output, label in
            (label, TagMeasures(scores: scores.map { $0[output] }, isTrue: expected.map { $0.contains(label) }))
        }
        let thresholds = head.calibration.thresholds ?? Array(repeating: 0.5, count: head.labels.count)
        let exact = zip(scores, expected).filter { scores, expected in
            Set(head.labels.indices.filter { Double(scores[$0]) >= thresholds[$0] }.map { head.labels[$0] })
                == expected.intersection(head.labels)
        }.count
        return .tags(each, exact: Double(exact) / Double(max(scores.count, 1)))
    }

    private static func quantities(_ head: Head, _ scores: [[Float]], _ expected: [[Double]]) -> Measures {
        .quantities(
            head.labels.enumerated().map { output, name in
                (
                    name,
                    RegressionMeasures(
                        predicted: scores.map { Double($0[output]) }, expected: expected.map { $0[output] })
                )
            })
    }
}
