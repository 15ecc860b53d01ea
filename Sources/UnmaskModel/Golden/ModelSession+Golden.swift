internal import UnmaskImage

extension ModelSession {
    /// What this session makes of the golden image, whole, with the model's own recipe: the vector of its own pooling;
    /// for a model that gives tokens the CLS token where it has one; for one that makes no vector its probabilities.
    ///
    /// - Returns: nil for a model that gives neither.
    public func goldenVector() throws(ModelError) -> GoldenVector? {
        let pixels: PixelImage
        do throws(ImageError) {
            pixels = try GoldenImage.pixels(for: model.recipe)
        } catch {
            throw .runtime("the golden image could not be prepared: \(error)")
        }
        let offered = [model.interface.pooling, .cls, .mean].filter { $0 != .tokens }
        if let pooling = offered.first(where: { model.interface.shapes[$0] != nil }) {
            let vectors = try embed([pixels], options: EmbeddingOptions(pooling: pooling))
            return vectors.first.map { GoldenVector(pooling: pooling, vector: $0.values) }
        }
        guard model.hasHead else { return nil }
        let classes = try classify([pixels], topK: model.interface.classes)
        return classes.first.map { classes in
            GoldenVector(pooling: nil, vector: classes.sorted { $0.index < $1.index }.map(\.probability))
        }
    }
}
