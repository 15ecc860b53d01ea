extension PixelImage {
    /// The same image with 1 or 3 channels: RGB to gray by Pillow's `convert("L")` (ITU-R 601-2 luma in 16-bit fixed
    /// point), gray to RGB by repetition.
    func converted(toChannels wanted: Int) -> PixelImage {
        switch (channels, wanted) {
        case (3, 1):
            PixelImage(width: width, height: height, channels: 1) { gray in
                for i in gray.indices {
                    let red = UInt32(pixels[3 * i])
                    let green = UInt32(pixels[3 * i + 1])
                    let blue = UInt32(pixels[3 * i + 2])
                    gray[i] = UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
                }
            }
        case (1, 3):
            PixelImage(width: width, height: height, channels: 3) { rgb in
                for i in pixels.indices {
                    rgb[3 * i] = pixels[i]
                    rgb[3 * i + 1] = pixels[i]
                    rgb[3 * i + 2] = pixels[i]
                }
            }
        default: self
        }
    }
}

/// A sample of the given alpha over white, in the arithmetic of Pillow's `Image.alpha_composite`: exact to 7 more bits,
/// then rounded.
func overWhite(_ sample: UInt8, alpha: UInt8) -> UInt8 {
    let blended = UInt32(sample) * UInt32(alpha) + 255 * (255 - UInt32(alpha))
    let scaled = (blended << 7) + (0x80 << 7)
    return UInt8((((scaled >> 8) + scaled) >> 8) >> 7)
}
