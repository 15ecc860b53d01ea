/// What a recipe does to images of one size, as two products: the weights by which Pillow makes each row of the result of
/// the image's rows, and each column of its columns, the crop taken. For runtimes that have no such resampling.
///
/// Samples are rounded, half up, and clamped to bytes after each of the two.
package struct ResamplingMatrices: Sendable, Equatable {
    /// [height, source height], row-major; nil where the rows stay as they are.
    package let rows: [Float]?
    /// [width, source width], row-major; nil where the columns stay as they are.
    package let columns: [Float]?
    /// Whether the rows are made first.
    package let rowsFirst: Bool
}

extension Recipe {
    /// For upright images of a size. Padding becomes zeros.
    /// - Throws: where the recipe does not make the model's size of them, or pads with something else.
    package func resampling(sourceHeight: Int, sourceWidth: Int) throws(ImageError) -> ResamplingMatrices {
        let geometry = try RecipeGeometry(self, imageWidth: sourceWidth, imageHeight: sourceHeight)
        let isPadded = geometry.crop.rows.count < height || geometry.crop.columns.count < width
        guard !isPadded || crop?.padding.allSatisfy({ $0 == 0 }) ?? true else {
            throw ImageError(.unsupported, "padding other than 0 is no product of an image with weights")
        }
        func matrix(_ source: Int, _ target: Int, _ crop: Range<Int>, _ start: Int, _ count: Int) -> [Float]? {
            guard source != target || crop != 0..<source || crop.count != count else { return nil }
            let weights: [Float]
            if source == target {
                weights = crop.flatMap { place in (0..<source).map { $0 == place ? 1 : 0 } }
            } else {
                weights = ResampleTable(inputCount: source, outputCount: target, outputs: crop, filter: filter)
                    .matrix(inputCount: source)
            }
            func padding(_ rows: Int) -> [Float] { Array(repeating: 0, count: rows * source) }
            return padding(start) + weights + padding(count - start - crop.count)
        }
        return ResamplingMatrices(
            rows: matrix(sourceHeight, geometry.height, geometry.crop.rows, geometry.top, height),
            columns: matrix(sourceWidth, geometry.width, geometry.crop.columns, geometry.left, width),
            rowsFirst: Resizing.resizesRowsFirst(
                from: (sourceHeight, sourceWidth), to: (geometry.height, geometry.width)))
    }
}
