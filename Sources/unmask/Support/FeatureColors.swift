import UnmaskHeads
import UnmaskImage

/// The first three principal components of an image's patch features as red, green and blue, each from its least to its largest.
struct FeatureColors {
    /// A pixel for each patch.
    let picture: PixelImage

    /// - Parameters:
    ///   - tokens: [rows · columns, D].
    ///   - grid: [rows, columns].
    /// - Throws: where there is no linear algebra library, or all features are equal.
    init(_ tokens: [Float], grid: [Int]) throws {
        let patches = grid[0] * grid[1]
        let features = try FeatureMatrix(tokens, width: tokens.count / patches)
        let components = try PrincipalComponents(features, dimensions: 3)
        let numbers = (0..<patches).map { components.layer(features[$0]) }
        var pixels = [UInt8](repeating: 0, count: patches * 3)
        for channel in 0..<3 {
            let values = numbers.map { $0[channel] }
            let (least, largest) = (values.min() ?? 0, values.max() ?? 0)
            for (patch, value) in values.enumerated() {
                let share = largest > least ? (value - least) / (largest - least) : 0.5
                pixels[patch * 3 + channel] = UInt8((255 * share).rounded())
            }
        }
        picture = PixelImage(width: grid[1], height: grid[0], channels: 3, pixels: pixels)
    }
}
