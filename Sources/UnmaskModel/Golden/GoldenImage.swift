public import UnmaskImage

/// The one picture that every model is tried on: rings, a ramp and a fine texture, so that resizing, channels and both
/// coarse and fine detail count.
///
/// It is computed in integers and never changes; another picture gets another name.
public enum GoldenImage {
    public static let name = "rings-1"
    static let width = 320
    static let height = 240

    /// As a PNG file, to go the whole way: decoding, resizing, the model. Empty where it cannot be written.
    public static let png: [UInt8] = (try? picture.pngData()) ?? []

    /// RGB, 240 × 320.
    public static let picture = pattern(width: width, height: height, channels: 3)

    /// What a model with that recipe sees of it. Images have one or three channels; a model of others gets the pattern
    /// at its own size.
    static func pixels(for recipe: Recipe) throws(ImageError) -> PixelImage {
        guard recipe.channels == 1 || recipe.channels == 3 else {
            return pattern(width: recipe.width, height: recipe.height, channels: recipe.channels)
        }
        return try recipe.prepare(png)
    }

    /// The pattern at any size, for models that take no encoded images.
    public static func pattern(width: Int, height: Int, channels: Int) -> PixelImage {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * channels)
        for y in 0..<height {
            for x in 0..<width {
                let (dx, dy) = (2 * x - width, 2 * y - height)
                let ring = (dx * dx + dy * dy) / 97
                let ramp = 255 * x / width
                for channel in 0..<channels {
                    let texture = (x * (channel + 3)) ^ (y * (channel + 5))
                    pixels.append(UInt8(truncatingIfNeeded: (ring & 0x7F) + ramp / 4 + (texture & 0x3F)))
                }
            }
        }
        return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }
}
