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
    /// For upright images of a size.
    package func resampling(sourceHeight: Int, sourceWidth: Int) -> ResamplingMatrices {
        let geometry = RecipeGeometry(self, imageWidth: sourceWidth, imageHeight: sourceHeight)
        func matrix(_ source: Int, _ target: Int, _ crop: Range<Int>) -> [Float]? {
            guard source != target || crop != 0..<source else { return nil }
            guard source != target else {
                return crop.flatMap { place in (0..<source).map { $0 == place ? 1 : 0 } }
            }
            return ResampleTable(inputCount: source, outputCount: target, outputs: crop, filter: geometry.filter)
                .matrix(inputCount: source)
        }
        return ResamplingMatrices(
            rows: matrix(sourceHeight, geometry.height, geometry.crop.rows),
            columns: matrix(sourceWidth, geometry.width, geometry.crop.columns),
            rowsFirst: Resizing.resizesRowsFirst(
                from: (sourceHeight, sourceWidth), to: (geometry.height, geometry.width)))
    }
}
