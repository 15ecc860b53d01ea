public import UnmaskGraph

/// What is done to an image before the model sees it.
public struct ExportPreprocessing: Sendable {
    public enum Resampling: Sendable {
        /// Images of any size, both sides to the model's, whatever the aspect, by `Resize`.
        case squash(Filter)
        /// Images of any size, by `Resize` at their own aspect so that they cover this size; then a centre crop.
        case cover(height: Int, width: Int, Filter)
        /// Images of one size, by products: rows are a matrix [height, source height], columns one [width, source
        /// width]; absent, they stay as they are.
        case matrices(rows: Tensor?, columns: Tensor?, rowsFirst: Bool, sourceHeight: Int, sourceWidth: Int)
    }

    /// In the terms of `Resize`.
    public enum Filter: String, Sendable {
        case linear, cubic
    }

    /// What the prepared pixels are called in the file.
    public static let result = "preprocess"

    public var resampling: Resampling
    /// For each channel, in units of the sample range 0…1.
    public var mean: [Float]
    public var std: [Float]

    public init(_ resampling: Resampling, mean: [Float], std: [Float]) {
        self.resampling = resampling
        self.mean = mean
        self.std = std
    }
}
