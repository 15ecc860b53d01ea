import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// What a session makes of some images, to be held against another's.
struct QuantizationTrial {
    let session: ModelSession
    /// An image's numbers by the name of what they are: a pooled vector, all tokens, class probabilities.
    private var answers: [(name: String, areClasses: Bool, rows: [[Float]])] = []
    private let images: [PixelImage]

    init(_ model: Model, images: [PixelImage], engine: Engine, precision: Precision, batch: Int) throws {
        session = try ModelSession(model, engine: engine, maximumBatch: batch, precision: precision)
        self.images = images
        let pooled = model.interface.pooling == .tokens ? nil : model.interface.pooling
        for pooling in [pooled, .tokens].compactMap(\.self) where model.interface.shapes[pooling] != nil {
            let found = try session.embed(images, options: EmbeddingOptions(pooling: pooling))
            answers.append((pooling.rawValue, false, found.map(\.values)))
        }
        if model.hasHead {
            let found = try session.classify(images, topK: model.interface.classes)
            let rows = found.map { $0.sorted { $0.index < $1.index }.map(\.score) }
            answers.append(("classes", true, rows))
        }
    }

    func comparisons(with reference: QuantizationTrial) -> [OutputComparison] {
        zip(answers, reference.answers).map { found, expected in
            OutputComparison(
                name: found.name, rows: zip(expected.rows, found.rows).map { ($0[...], $1[...]) },
                areClasses: found.areClasses)
        }
    }

    func leastCosine(to reference: QuantizationTrial) -> Double {
        comparisons(with: reference).map(\.leastCosine).min() ?? 0
    }

    /// How many times as fast a pass is as the reference's, in turns, by the medians.
    func speedup(over reference: QuantizationTrial) throws -> Double {
        let rounds = 9
        var times: (own: [Double], other: [Double]) = ([], [])
        for _ in 0..<rounds {
            times.own.append(try pass())
            times.other.append(try reference.pass())
        }
        return times.other.sorted()[rounds / 2] / times.own.sorted()[rounds / 2]
    }

    /// Seconds of a pass over the first images.
    private func pass() throws -> Double {
        let some = Array(images.prefix(session.maximumBatch))
        return try ContinuousClock().measure {
            if session.goldenTask == .classify { _ = try session.classify(some) } else { _ = try session.embed(some) }
        } / .seconds(1)
    }
}
