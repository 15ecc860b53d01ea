public import UnmaskGraph

/// What is done to an image before the model sees it.
public struct ExportPreprocessing: Sendable {
    public enum Resampling: Sendable {
        /// Images of any size, both sides to the model's, whatever the aspect, by `Resize`.
        case squash(Filter)
        /// Images of any size, by `Resize` at their own aspect so that they cover this size; then a centre crop.
        case cover(height: Int, width: Int, Filter, CropOffset)
        /// Images of one size, by products: rows are a matrix [height, source height], columns one [width, source
        /// width]; absent, they stay as they are.
        case matrices(rows: Tensor?, columns: Tensor?, rowsFirst: Bool, sourceHeight: Int, sourceWidth: Int)
    }

    /// How half of what is cut off is rounded.
    public enum CropOffset: Sendable {
        case halfToEven, down
    }

    /// In the terms of `Resize`.
    public enum Filter: String, Sendable {
        case linear, cubic
    }

    /// What samples come as; either way they are the numbers 0…255 of a decoder.
    public enum Samples: String, Sendable, CaseIterable {
        case u8, f32
    }

    /// What the prepared pixels are called in the file.
    public static let result = "preprocess"

    public var resampling: Resampling
    public var samples: Samples
    /// Of each channel, from bytes to what the model sees.
    public var scale: [Float]
    public var shift: [Float]

    public init(_ resampling: Resampling, samples: Samples, scale: [Float], shift: [Float]) {
        self.resampling = resampling
        self.samples = samples
        self.scale = scale
        self.shift = shift
    }
}
