import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// Runs a model over labelled images, batch by batch.
struct Measurement {
    let session: ModelSession
    let mask: Mask?
    /// What features are; nil: the model's own.
    let pooling: Pooling?

    /// Vectors of length 1 of the images that have finite ones, and their labels.
    struct Features {
        /// `[n, D]`, row-major.
        var rows: [Float] = []
        var labels: [Int] = []
        /// Images without a result, by their place in the set.
        var failed: [Int: ItemError] = [:]
    }

    /// What the model's own head answers.
    struct Answers {
        var measures: ClassificationMeasures
        var predictions: [Prediction] = []
        var failed: [Int: ItemError] = [:]
    }

    func head(on test: LabelledImages) async throws -> Answers {
        var answers = Answers(measures: ClassificationMeasures(classes: test.classes))
        answers.failed = try await forEach(of: test) { images in
            try session.classify(images, topK: 5, masks: masks(images.count))
        } body: { scores, index in
            let first = scores.first
            answers.measures.add(
                scores.map(\.index), label: test.labels[index],
                probability: first.flatMap { $0.kind == .probabilities ? Double($0.score) : nil })
            answers.predictions.append(
                Prediction(
                    index: index, name: test.name(index), expected: [test.classes[test.labels[index]]], scores: scores,
                    isUnknown: false))
        }
        return answers
    }

    func features(of images: LabelledImages) async throws -> Features {
        var features = Features()
        let options = EmbeddingOptions(pooling: pooling, normalize: true)
        features.failed = try await forEach(of: images) { batch in
            try session.embed(batch, options: options, masks: masks(batch.count))
        } body: { vector, index in
            features.rows += vector.values
            features.labels.append(images.labels[index])
        }
        return features
    }

    private func masks(_ count: Int) -> [Mask]? { mask.map { Array(repeating: $0, count: count) } }

    /// - Parameters:
    ///   - run: a result for each image.
    ///   - body: takes each result that is finite, with its image's place in the set.
    /// - Returns: why the others have none.
    private func forEach<R: NumericResult>(
        of images: LabelledImages, run: ([PixelImage]) throws -> [R], body: (R, Int) throws -> Void
    ) async throws -> [Int: ItemError] {
        var failed: [Int: ItemError] = [:]
        var index = 0
        try await images.batches(of: session.maximumBatch).forEach { batch in
            let good = batch.compactMap { try? $0.image.get() }
            var results = (good.isEmpty ? [] : try run(good)).makeIterator()
            for item in batch {
                defer { index += 1 }
                switch item.image {
                case .failure(let error): failed[index] = ItemError(error)
                case .success:
                    guard let result = results.next() else { continue }
                    if result.isFinite {
                        try body(result, index)
                    } else {
                        failed[index] = ItemError(NonFiniteResult(resultName: "result"))
                    }
                }
            }
        }
        return failed
    }
}
