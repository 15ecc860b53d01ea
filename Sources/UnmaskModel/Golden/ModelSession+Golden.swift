internal import UnmaskImage
public import UnmaskRuntime

extension ModelSession {
    /// What the golden image is asked for: the vector of the model's own pooling; for a model that gives tokens the CLS
    /// token where it has one; for one that makes no vector its class probabilities. Nil for a model that gives neither.
    public var goldenTask: ModelTask? {
        let offered = [model.interface.pooling, .cls, .mean].filter { $0 != .tokens }
        if let pooling = offered.first(where: { model.interface.shapes[$0] != nil }) { return .embed(pooling) }
        return model.hasHead ? .classify : nil
    }

    /// What this session makes of the golden image, whole, with the model's own recipe.
    ///
    /// - Parameter slices: how the pass shares the engine with other sessions'; nil: it is in one piece.
    /// - Returns: nil for a model without a `goldenTask`.
    public func goldenVector(slices: Slices? = nil) throws(ModelError) -> GoldenVector? {
        let question: ImageQuestion
        switch goldenTask {
        case .embed(let pooling): question = .embed(EmbeddingOptions(pooling: pooling))
        case .classify: question = .classify(ClassificationOptions(topK: model.interface.classes))
        case .reconstruct, nil: return nil
        }
        let pixels: PixelImage
        do throws(ImageError) {
            pixels = try GoldenImage.pixels(for: model.recipe)
        } catch {
            throw .runtime("the golden image could not be prepared: \(error)")
        }
        let answers = try answer(
            [question], about: [pixels], masks: [.none(patches: model.interface.patches)], merge: 0, slices: slices)
        switch answers.first {
        case .embedding(let embedding):
            return GoldenVector(pooling: embedding.stamp.pooling, vector: embedding.values)
        case .classes(let classes):
            return GoldenVector(pooling: nil, vector: classes.sorted { $0.index < $1.index }.map(\.score))
        case .reconstruction, nil: return nil
        }
    }
}
