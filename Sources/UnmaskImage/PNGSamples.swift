internal import CUnmaskPNG

/// What a PNG's samples mean: made into pixels, row by row, as Pillow does it.
///
/// Three habits of Pillow differ from the PNG specification and are kept, so that a model sees what it saw in training:
/// 16-bit gray is clamped to 255, not scaled, unless the recipe scales it (other 16-bit samples lose their low byte); a
/// transparent gray of a 2- or 4-bit image is compared with the scaled samples; a transparent 16-bit colour is compared by
/// the low bytes of its entry with the high bytes of the samples.
struct PNGSamples {
    typealias Samples = UnsafePointer<UInt8>
    typealias Pixels = UnsafeMutablePointer<UInt8>

    private let header: unmask_png_header
    /// `[256, 3]`, over white; empty where there is no palette.
    private let palette: [UInt8]
    /// Whether samples of one channel are numbers that are to be kept, not shades or colours.
    private let areNumbers: Bool
    private let wideGray: Recipe.WideGray

    init(_ header: unmask_png_header, areNumbers: Bool = false, wideGray: Recipe.WideGray = .clamp) {
        self.header = header
        self.areNumbers = areNumbers
        self.wideGray = wideGray
        let isIndexed = header.color == UNMASK_PNG_PALETTE
        palette =
            !isIndexed
            ? []
            : withUnsafeBytes(of: header.palette) { entries in
                (0..<3 * 256).map { overWhite(entries[$0 / 3 * 4 + $0 % 3], alpha: entries[$0 / 3 * 4 + 3]) }
            }
    }

    /// Of the pixels: 1 where the image is gray, else 3.
    var channels: Int {
        areNumbers || header.color == UNMASK_PNG_GRAY || header.color == UNMASK_PNG_GRAY_ALPHA ? 1 : 3
    }

    /// Of the samples: one byte each, two where they have 16 bits.
    var bytesPerPixel: Int { header.samples * step }

    /// The distance between the high bytes of two neighbouring samples.
    private var step: Int { header.bits == 16 ? 2 : 1 }

    /// `count` pixels of a row.
    func convert(_ samples: Samples, count: Int, to pixels: Pixels) {
        if areNumbers { return pixels.update(from: samples, count: count) }
        switch header.color {
        case UNMASK_PNG_GRAY: gray(samples, count, pixels)
        case UNMASK_PNG_GRAY_ALPHA: grayAlpha(samples, count, pixels)
        case UNMASK_PNG_PALETTE: indexed(samples, count, pixels)
        case UNMASK_PNG_RGB_ALPHA: rgbAlpha(samples, count, pixels)
        default: rgb(samples, count, pixels)
        }
    }

    private func gray(_ samples: Samples, _ count: Int, _ pixels: Pixels) {
        if header.bits == 16, wideGray == .scale {
            let transparent = header.has_transparent ? header.transparent.0 : nil
            for i in 0..<count {
                let sample = UInt16(samples[2 * i]) << 8 | UInt16(samples[2 * i + 1])
                pixels[i] = sample == transparent ? 255 : samples[2 * i]
            }
            return
        }
        if header.bits == 16 {
            for i in 0..<count { pixels[i] = samples[2 * i] == 0 ? samples[2 * i + 1] : 255 }
        } else {
            let scale = UInt8(255 / ((1 << header.bits) - 1))
            for i in 0..<count { pixels[i] = samples[i] &* scale }
        }
        guard header.has_transparent else { return }
        let named = header.transparent.0
        let transparent = header.bits == 1 ? (named == 0 ? 0 : 255) : UInt8(truncatingIfNeeded: named)
        for i in 0..<count where pixels[i] == transparent { pixels[i] = 255 }
    }

    private func grayAlpha(_ samples: Samples, _ count: Int, _ pixels: Pixels) {
        let step = step
        for i in 0..<count { pixels[i] = overWhite(samples[2 * i * step], alpha: samples[(2 * i + 1) * step]) }
    }

    private func rgb(_ samples: Samples, _ count: Int, _ pixels: Pixels) {
        if header.bits == 16 {
            for i in 0..<3 * count { pixels[i] = samples[2 * i] }
        } else {
            pixels.update(from: samples, count: 3 * count)
        }
        guard header.has_transparent else { return }
        let red = UInt8(truncatingIfNeeded: header.transparent.0)
        let green = UInt8(truncatingIfNeeded: header.transparent.1)
        let blue = UInt8(truncatingIfNeeded: header.transparent.2)
        for i in stride(from: 0, to: 3 * count, by: 3)
        where pixels[i] == red && pixels[i + 1] == green && pixels[i + 2] == blue {
            for c in 0..<3 { pixels[i + c] = 255 }
        }
    }

    private func rgbAlpha(_ samples: Samples, _ count: Int, _ pixels: Pixels) {
        let step = step
        for i in 0..<count {
            let alpha = samples[(4 * i + 3) * step]
            for c in 0..<3 { pixels[3 * i + c] = overWhite(samples[(4 * i + c) * step], alpha: alpha) }
        }
    }

    private func indexed(_ samples: Samples, _ count: Int, _ pixels: Pixels) {
        palette.withUnsafeBufferPointer { palette in
            for i in 0..<count {
                let entry = 3 * Int(samples[i])
                for c in 0..<3 { pixels[3 * i + c] = palette[entry + c] }
            }
        }
    }
}
