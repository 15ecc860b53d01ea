/// RGB to gray by Pillow's `convert("L")`: ITU-R 601-2 luma in 16-bit fixed point.
func luma(of rgb: UnsafePointer<UInt8>, to gray: UnsafeMutablePointer<UInt8>, count: Int) {
    for i in 0..<count {
        let (red, green, blue) = (UInt32(rgb[3 * i]), UInt32(rgb[3 * i + 1]), UInt32(rgb[3 * i + 2]))
        gray[i] = UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
    }
}

extension Raster {
    /// The same image in gray.
    func gray(_ memory: DecodeMemory) throws(ImageError) -> Raster {
        guard channels != 1 else { return self }
        return try Raster(width: width, height: height, channels: 1, memory) { gray in
            withSamples { rgb in
                guard let from = rgb.baseAddress, let to = gray.baseAddress else { return }
                luma(of: from, to: to, count: gray.count)
            }
        }
    }
}

extension PixelImage {
    /// The same image with `wanted` channels, no fewer than it has: gray is repeated.
    func repeated(toChannels wanted: Int) -> PixelImage {
        guard channels == 1, wanted == 3 else { return self }
        return PixelImage(width: width, height: height, channels: 3) { rgb in
            for i in pixels.indices {
                rgb[3 * i] = pixels[i]
                rgb[3 * i + 1] = pixels[i]
                rgb[3 * i + 2] = pixels[i]
            }
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

/// Makes four samples a pixel, the last of them alpha, three over white, in place.
func compositeOverWhite(_ samples: UnsafeMutableBufferPointer<UInt8>, pixels: Int) {
    for i in 0..<pixels {
        let alpha = samples[4 * i + 3]
        for c in 0..<3 { samples[3 * i + c] = overWhite(samples[4 * i + c], alpha: alpha) }
    }
}
