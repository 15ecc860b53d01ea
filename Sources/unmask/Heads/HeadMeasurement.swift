import UnmaskHeads
import UnmaskModel

/// What a head answers of labelled images, and how right that is.
struct HeadMeasurement {
    enum Measures {
        case classes(ClassificationMeasures)
        /// Of each label, and of all images those whose labels are all right.
        case tags([(label: String, measures: TagMeasures)], exact: Double)
        case quantities([(name: String, measures: RegressionMeasures)])
    }

    private(set) var predictions: [Prediction] = []
    let measures: Measures

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
            switch head.kind {
            case .ep, .attentive, .linear, .knn:
                guard let label = table.rows[row].labels.first.flatMap({ numbers[$0] }) else { continue }
                classes.add(ordered.map(\.index), label: label, probability: ordered.first.map { Double($0.score) })
            case .tag, .regress, .project: scores.append(ordered.sorted { $0.index < $1.index }.map(\.score))
            }
            let expected =
                head.kind == .regress ? table.rows[row].values.map { "\($0)" } : table.rows[row].labels
            predictions.append(
                Prediction(
                    index: row, name: table.images.name(row), expected: expected, scores: Self.counted(answer, head),
                    isUnknown: answer.isUnknown))
        }
        switch head.kind {
        case .ep, .attentive, .linear, .knn: measures = .classes(classes)
        case .tag: measures = Self.tags(head, scores, rows.map { Set(table.rows[$0].labels) })
        case .regress, .project: measures = Self.quantities(head, scores, rows.map { table.rows[$0].values })
        }
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
