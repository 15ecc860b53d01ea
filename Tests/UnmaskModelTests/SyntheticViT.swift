import UnmaskImage
import UnmaskModel

/// A small autoencoder with a head and odd sizes, and images for it: for tests that need a model's shape and no file.
enum SyntheticViT {
    static let configuration = ModelConfiguration(
        imageSize: [24, 36], patchSize: 6, channels: 3, width: 80, depth: 3, heads: 5, classes: 7,
        decoder: DecoderConfiguration(width: 48, depth: 2, heads: 3, normPix: true))

    static func images(_ count: Int) -> [PixelImage] {
        (0..<count).map { image in
            PixelImage(
                width: 36, height: 24, channels: 3,
                pixels: (0..<36 * 24 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 7) ^ image * 37) })
        }
    }
}
