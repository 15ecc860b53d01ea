internal import CUnmaskDecoding
internal import CUnmaskTIFF

/// What a TIFF's samples mean: made into pixels, row by row, as Pillow makes them. The kinds are those that Pillow's
/// `TiffImagePlugin` lists, but for LAB, which it converts by a colour profile; others are refused by name.
struct TIFFSamples {
    typealias Row = UnsafePointer<UInt8>
    typealias Pixels = UnsafeMutablePointer<UInt8>

    /// What of a pixel is looked at; samples behind are passed over.
    enum Kind: Equatable {
        /// So many bits, 0 being white where it is inverted.
        case gray(bits: Int, inverted: Bool)
        /// Gray as numbers of so many bits: clamped to 0…255, or, unsigned ones, their highest 8 bits.
        case number(bits: Int, isSigned: Bool)
        case float
        case grayAlpha
        case indexed(bits: Int, hasAlpha: Bool)
        case rgb
        case rgba(isPremultiplied: Bool)
        case cmyk
        case ycbcr
    }

    let kind: Kind
    /// Bytes from one pixel to the next, and from one sample to the next, of kinds that have whole bytes.
    private let pixelBytes: Int
    private let sampleBytes: Int
    /// `[256, 3]`.
    private let palette: [UInt8]
    /// Whether gray of more than 8 bits keeps its highest 8.
    private let isScaled: Bool

    init(_ header: unmask_tiff_header, _ wideGray: Recipe.WideGray = .clamp) throws(ImageError) {
        if header.becomes_rgb, header.samples != 3 || header.bits != 8 || header.sample_format != 1 {
            throw .notDecoded(.tiff, "YCbCr of \(header.samples) samples of \(header.bits) bits")
        }
        kind = header.becomes_rgb ? .rgb : try Self.kind(of: header)
        isScaled = wideGray == .scale
        if isScaled { try kind.checkScaling(header) }
        sampleBytes = header.becomes_rgb ? 1 : max(1, header.bits / 8)
        pixelBytes = header.becomes_rgb ? 3 : sampleBytes * header.samples
        palette = withUnsafeBytes(of: header.palette) { Array($0) }
    }

    /// Of the pixels: 1 where the image is gray, else 3.
    var channels: Int {
        switch kind {
        case .gray, .number, .float, .grayAlpha: 1
        case .indexed, .rgb, .rgba, .cmyk, .ycbcr: 3
        }
    }

    /// The bits of gray samples that are white wherever they are above 255; nil of others.
    var clampedBits: Int? {
        switch kind {
        case .number(let bits, _) where !isScaled: bits
        case .float: 32
        default: nil
        }
    }

    /// A row of pixels.
    func convert(_ row: Row, count: Int, to pixels: Pixels) {
        switch kind {
        case .gray(let bits, let inverted): gray(row, count, pixels, bits: bits, inverted: inverted)
        case .number(let bits, let isSigned):
            numbers(row, count, pixels, bits: bits, isSigned: isSigned, dropping: isScaled ? bits - 8 : 0)
        case .float: floats(row, count, pixels)
        case .grayAlpha:
            for x in 0..<count { pixels[x] = overWhite(row[pixelBytes * x], alpha: row[pixelBytes * x + 1]) }
        case .indexed(let bits, let hasAlpha): indexed(row, count, pixels, bits: bits, hasAlpha: hasAlpha)
        case .rgb:
            for x in 0..<count {
                for c in 0..<3 { pixels[3 * x + c] = high(row, x, c) }
            }
        case .rgba(let isPremultiplied): rgba(row, count, pixels, isPremultiplied: isPremultiplied)
        case .cmyk: cmyk(row, count, pixels)
        case .ycbcr: ycbcr(row, count, pixels)
        }
    }

    /// The high byte of a pixel's sample. Samples are in the processor's order: little-endian.
    private func high(_ row: Row, _ x: Int, _ sample: Int) -> UInt8 {
        row[pixelBytes * x + sampleBytes * (sample + 1) - 1]
    }

    /// So many bits of a row, the first pixel in the highest.
    private func packed(_ row: Row, _ x: Int, bits: Int) -> UInt8 {
        let place = x * bits
        return (row[place / 8] << (place % 8)) >> (8 - bits)
    }

    private func gray(_ row: Row, _ count: Int, _ pixels: Pixels, bits: Int, inverted: Bool) {
        let scale = UInt8(255 / ((1 << bits) - 1))
        let flip: UInt8 = inverted ? 0xFF : 0
        for x in 0..<count {
            let sample = bits == 8 ? row[pixelBytes * x] : packed(row, x, bits: bits) &* scale
            pixels[x] = sample ^ flip
        }
    }

    private func numbers(_ row: Row, _ count: Int, _ pixels: Pixels, bits: Int, isSigned: Bool, dropping: Int) {
        let bytes = UnsafeRawPointer(row)
        for x in 0..<count {
            let number: Int =
                switch (bits, isSigned) {
                case (12, _):
                    x % 2 == 0
                        ? Int(row[x / 2 * 3]) << 4 | Int(row[x / 2 * 3 + 1] >> 4)
                        : Int(row[x / 2 * 3 + 1] & 0x0F) << 8 | Int(row[x / 2 * 3 + 2])
                case (16, false): Int(bytes.loadUnaligned(fromByteOffset: 2 * x, as: UInt16.self))
                case (16, true): Int(bytes.loadUnaligned(fromByteOffset: 2 * x, as: Int16.self))
                // Pillow keeps 32 bits as signed, whatever they were.
                default: Int(bytes.loadUnaligned(fromByteOffset: 4 * x, as: Int32.self))
                }
            pixels[x] = UInt8(clamping: number >> dropping)
        }
    }

    /// The fraction is dropped; what is no number is black.
    private func floats(_ row: Row, _ count: Int, _ pixels: Pixels) {
        let bytes = UnsafeRawPointer(row)
        for x in 0..<count {
            let value = bytes.loadUnaligned(fromByteOffset: 4 * x, as: Float.self)
            pixels[x] = value > 0 ? value >= 255 ? 255 : UInt8(value) : 0
        }
    }

    private func indexed(_ row: Row, _ count: Int, _ pixels: Pixels, bits: Int, hasAlpha: Bool) {
        palette.withUnsafeBufferPointer { palette in
            for x in 0..<count {
                let entry = 3 * Int(bits == 8 ? row[pixelBytes * x] : packed(row, x, bits: bits))
                for c in 0..<3 {
                    let sample = palette[entry + c]
                    pixels[3 * x + c] = hasAlpha ? overWhite(sample, alpha: row[pixelBytes * x + 1]) : sample
                }
            }
        }
    }

    private func rgba(_ row: Row, _ count: Int, _ pixels: Pixels, isPremultiplied: Bool) {
        for x in 0..<count {
            let alpha = high(row, x, 3)
            for c in 0..<3 {
                var sample = high(row, x, c)
                if isPremultiplied { sample = alpha == 0 ? 0 : UInt8(min(255, Int(sample) * 255 / Int(alpha))) }
                pixels[3 * x + c] = overWhite(sample, alpha: alpha)
            }
        }
    }

    private func cmyk(_ row: Row, _ count: Int, _ pixels: Pixels) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4) { pixel in
            for x in 0..<count {
                for c in 0..<4 { pixel[c] = high(row, x, c) }
                unmask_rgb_from_cmyk(pixel.baseAddress, 1, pixels + 3 * x)
            }
        }
    }

    /// JFIF's conversion with Pillow's rounding: products in 6 fractional bits, each made an integer by itself, sums
    /// rounded down.
    private func ycbcr(_ row: Row, _ count: Int, _ pixels: Pixels) {
        func product(_ factor: Double, _ sample: UInt8) -> Int {
            Int((factor * 64 * Double(Int(sample) - 128) + 0.5).rounded(.towardZero))
        }
        for x in 0..<count {
            let (luma, blue, red) = (Int(row[pixelBytes * x]), row[pixelBytes * x + 1], row[pixelBytes * x + 2])
            pixels[3 * x] = UInt8(clamping: luma + (product(1.402, red) >> 6))
            pixels[3 * x + 1] = UInt8(clamping: luma + ((product(-0.34414, blue) + product(-0.71414, red)) >> 6))
            pixels[3 * x + 2] = UInt8(clamping: luma + (product(1.772, blue) >> 6))
        }
    }
}

extension TIFFSamples.Kind {
    /// Throws where it is gray of which nothing says which bits are the highest.
    fileprivate func checkScaling(_ header: unmask_tiff_header) throws(ImageError) {
        switch self {
        case .number(_, isSigned: true), .float:
            throw ImageError(
                .unsupported,
                "gray of \(header.bits) bits that are \(self == .float ? "fractions" : "signed"): expected unsigned ones of 12 or "
                    + "16 for --gray16 scale, since nothing says what is white; clamp takes 255 for it")
        default: return
        }
    }
}

extension TIFFSamples {
    /// Photometric interpretations have TIFF 6.0's numbers: 0 and 1 gray, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 LAB.
    private static func kind(of header: unmask_tiff_header) throws(ImageError) -> Kind {
        let extra = withUnsafeBytes(of: header.extra) { Array($0.bindMemory(to: UInt16.self)) }
            .prefix(header.extra_samples)
        let description =
            "\(header.samples) samples of \(header.bits) bits, photometric \(header.photometric), "
            + "sample format \(header.sample_format), extra samples \(Array(extra))"
        let unknown = ImageError.notDecoded(.tiff, description)
        guard header.extra_samples <= Int(UNMASK_TIFF_EXTRA_SAMPLES) else { throw unknown }
        guard header.sample_format == 1 || (header.samples == 1 && header.photometric <= 1) else { throw unknown }
        let colors = header.samples - extra.count
        switch (Int(header.photometric), colors, header.bits) {
        case (0...1, 1, _) where header.samples == 1:
            return try gray(header, unknown)
        case (1, 1, 8) where extra == [0]: return .gray(bits: 8, inverted: false)
        case (1, 1, 8) where extra == [2]: return .grayAlpha
        case (2, 3, 8), (2, 3, 16):
            guard header.bits == 8 ? extra.count <= 3 : extra.count <= 1 else { throw unknown }
            // Of several extra samples the first may be alpha.
            guard extra.dropFirst().allSatisfy({ $0 == 0 }) else { throw unknown }
            guard let first = extra.first else { return .rgb }
            return first == 0 ? .rgb : .rgba(isPremultiplied: first == 1)
        // Where nothing says what the fourth is: as in Pillow, premultiplied where libtiff joins compressed planes.
        case (2, 4, 8) where extra.isEmpty, (2, 4, 16) where extra.isEmpty:
            return .rgba(isPremultiplied: header.is_separate && header.is_compressed)
        case (3, 1, 1), (3, 1, 2), (3, 1, 4), (3, 1, 8):
            guard extra.isEmpty || (header.bits == 8 && (extra == [0] || extra == [2])) else { throw unknown }
            return .indexed(bits: header.bits, hasAlpha: extra == [2])
        case (5, 4, 8) where extra.count <= 2 && extra.allSatisfy({ $0 == 0 }): return .cmyk
        case (5, 4, 16) where extra.isEmpty: return .cmyk
        case (6, 3, 8) where extra.isEmpty: return .ycbcr
        case (8, _, _): throw .notDecoded(.tiff, "its colours are CIE L*a*b*")
        default: throw unknown
        }
    }

    /// As in Pillow, numbers of more than 8 bits are not inverted, and where 0 is white only those of little-endian files
    /// are read.
    private static func gray(_ header: unmask_tiff_header, _ unknown: ImageError) throws(ImageError) -> Kind {
        let inverted = header.photometric == 0
        switch (header.bits, header.sample_format) {
        case (1, 1), (2, 1), (4, 1), (8, 1): return .gray(bits: header.bits, inverted: inverted)
        case (8, 2) where !inverted: return .gray(bits: 8, inverted: false)
        case (12, 1) where !inverted && !header.is_big_endian: return .number(bits: 12, isSigned: false)
        case (16, 1) where !inverted || !header.is_big_endian: return .number(bits: 16, isSigned: false)
        case (16, 2) where !inverted: return .number(bits: 16, isSigned: true)
        case (32, 1) where !inverted && !header.is_big_endian: return .number(bits: 32, isSigned: true)
        case (32, 2) where !inverted: return .number(bits: 32, isSigned: true)
        case (32, 3): return .float
        default: throw unknown
        }
    }
}
