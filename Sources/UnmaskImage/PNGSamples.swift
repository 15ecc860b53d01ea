internal import CUnmaskPNG

/// A PNG's samples and what they mean, made into pixels as Pillow does it.
///
/// Three habits of Pillow differ from the PNG specification and are kept, so that a model sees what it saw in training:
/// 16-bit gray is clamped to 255, not scaled (other 16-bit samples lose their low byte); a transparent gray of a 2- or
/// 4-bit image is compared with the scaled samples; a transparent 16-bit colour is compared by the low bytes of its
/// entry with the high bytes of the samples.
struct PNGSamples {
    private let samples: [UInt8]
    private let header: unmask_png_header

    init(_ samples: [UInt8], _ header: unmask_png_header) {
        self.samples = samples
        self.header = header
    }

    var image: PixelImage {
        switch header.color {
        case UNMASK_PNG_GRAY: pixels(channels: 1, gray)
        case UNMASK_PNG_GRAY_ALPHA: pixels(channels: 1, grayAlpha)
        case UNMASK_PNG_PALETTE: pixels(channels: 3, palette)
        case UNMASK_PNG_RGB_ALPHA: pixels(channels: 3, rgbAlpha)
        default: pixels(channels: 3, rgb)
        }
    }

    private func pixels(
        channels: Int, _ fill: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Void
    ) -> PixelImage {
        PixelImage(width: header.width, height: header.height, channels: channels) { pixels in
            samples.withUnsafeBufferPointer { fill($0, pixels) }
        }
    }

    /// The distance between the high bytes of two neighbouring samples.
    private var step: Int { header.bits == 16 ? 2 : 1 }

    private func gray(_ samples: UnsafeBufferPointer<UInt8>, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        if header.bits == 16 {
            for i in pixels.indices { pixels[i] = samples[2 * i] == 0 ? samples[2 * i + 1] : 255 }
        } else {
            let scale = UInt8(255 / ((1 << header.bits) - 1))
            for i in pixels.indices { pixels[i] = samples[i] * scale }
        }
        guard header.has_transparent else { return }
        let named = header.transparent.0
        let transparent = header.bits == 1 ? (named == 0 ? 0 : 255) : UInt8(truncatingIfNeeded: named)
        for i in pixels.indices where pixels[i] == transparent { pixels[i] = 255 }
    }

    private func grayAlpha(_ samples: UnsafeBufferPointer<UInt8>, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        for i in pixels.indices {
            pixels[i] = overWhite(samples[2 * i * step], alpha: samples[(2 * i + 1) * step])
        }
    }

    private func rgb(_ samples: UnsafeBufferPointer<UInt8>, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        for i in pixels.indices { pixels[i] = samples[i * step] }
        guard header.has_transparent else { return }
        let red = UInt8(truncatingIfNeeded: header.transparent.0)
        let green = UInt8(truncatingIfNeeded: header.transparent.1)
        let blue = UInt8(truncatingIfNeeded: header.transparent.2)
        for i in stride(from: 0, to: pixels.count, by: 3)
        where pixels[i] == red && pixels[i + 1] == green && pixels[i + 2] == blue {
            for c in 0..<3 { pixels[i + c] = 255 }
        }
    }

    private func rgbAlpha(_ samples: UnsafeBufferPointer<UInt8>, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        for i in 0..<pixels.count / 3 {
            let alpha = samples[(4 * i + 3) * step]
            for c in 0..<3 { pixels[3 * i + c] = overWhite(samples[(4 * i + c) * step], alpha: alpha) }
        }
    }

    private func palette(_ samples: UnsafeBufferPointer<UInt8>, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        let colors = withUnsafeBytes(of: header.palette) { entries in
            (0..<3 * 256).map { overWhite(entries[$0 / 3 * 4 + $0 % 3], alpha: entries[$0 / 3 * 4 + 3]) }
        }
        colors.withUnsafeBufferPointer { colors in
            for i in 0..<pixels.count / 3 {
                let entry = 3 * Int(samples[i])
                for c in 0..<3 { pixels[3 * i + c] = colors[entry + c] }
            }
        }
    }
}
