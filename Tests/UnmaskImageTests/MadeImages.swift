/// PNG files made byte by byte, their image data stored and not compressed (PNG specification; RFC 1950, 1951).
struct MadePNG {
    var width: Int
    var height: Int
    /// 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha.
    var color: UInt8
    var bits: Int
    var isInterlaced = false

    /// Every kind that there is.
    static let kinds: [(color: UInt8, bits: Int)] = [
        (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
        (6, 8),
        (6, 16),
    ]

    private static let samples: [UInt8: Int] = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4]
    private var bitsPerPixel: Int { bits * (Self.samples[color] ?? 1) }

    /// The file, whose pixel at (x, y) has `noise(x, y)` for its bits, the same however it is interlaced.
    func encoded(metadataBehind metadata: [UInt8]? = nil) -> [UInt8] {
        var data: [UInt8] = []
        for pass in isInterlaced ? Self.passes : [(0, 0, 1, 1)] {
            let columns = Array(stride(from: pass.x, to: width, by: pass.stepX))
            if columns.isEmpty { continue }
            for y in stride(from: pass.y, to: height, by: pass.stepY) {
                data += [0] + row(columns.map { noise($0, y) })
            }
        }
        var palette: [UInt8] = []
        if color == 3 {
            palette = Self.chunk("PLTE", (0..<3 << bits).map { UInt8(truncatingIfNeeded: $0 &* 67) })
        }
        return Self.signature + header + palette + Self.chunk("IDAT", Self.zlib(data))
            + (metadata.map { Self.chunk("eXIf", $0) } ?? []) + Self.chunk("IEND", [])
    }

    static let signature: [UInt8] = [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A]

    var header: [UInt8] {
        Self.chunk(
            "IHDR",
            Self.bigEndian(width) + Self.bigEndian(height) + [UInt8(bits), color, 0, 0, isInterlaced ? 1 : 0])
    }

    /// First column and row, and their steps, of Adam7's passes.
    private static let passes: [(x: Int, y: Int, stepX: Int, stepY: Int)] = [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]

    private func noise(_ x: Int, _ y: Int) -> UInt64 {
        var random = SplitMix(seed: UInt64(y * 100_000 + x))
        let value = random.next()
        return bitsPerPixel == 64 ? value : value & (1 << UInt64(bitsPerPixel) - 1)
    }

    /// Pixels one after the other, high bits first, the last byte filled up.
    private func row(_ pixels: [UInt64]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (pixels.count * bitsPerPixel + 7) / 8)
        for (index, pixel) in pixels.enumerated() {
            for bit in 0..<bitsPerPixel where pixel >> UInt64(bitsPerPixel - 1 - bit) & 1 == 1 {
                let place = index * bitsPerPixel + bit
                bytes[place / 8] |= 0x80 >> UInt8(place % 8)
            }
        }
        return bytes
    }

    static func bigEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc32(body)))
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }

    private static func zlib(_ data: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in data {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        var rest = data[...]
        repeat {
            let block = rest.prefix(65535)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            result += [rest.isEmpty ? 1 : 0, UInt8(length & 0xFF), UInt8(length >> 8)]
            result += [UInt8(~length & 0xFF), UInt8(~length >> 8)] + block
        } while !rest.isEmpty
        return result + bigEndian(Int(high << 16 | low))
    }
}

/// Gray JPEG files with as many scans as asked for (ITU-R T.81): of the first scan's coefficients, one bit a block says
/// that nothing changes; each further scan says that its band is empty, in two bytes.
struct MadeJPEG {
    var width: Int
    var height: Int
    var scans: Int

    var encoded: [UInt8] {
        let blocks = (width + 7) / 8 * ((height + 7) / 8)
        let sides = [UInt8(height >> 8), UInt8(height & 0xFF), UInt8(width >> 8), UInt8(width & 0xFF)]
        var file: [UInt8] = [0xFF, 0xD8] + segment(0xDB, [0] + Array(repeating: 16, count: 64))
        file += segment(0xC2, [8] + sides + [1, 1, 0x11, 0])
        // One code, of one bit: no difference from the block before; a band that ends for 2¹⁴ blocks.
        file += segment(0xC4, [0x00, 1] + Array(repeating: 0, count: 15) + [0])
        file += segment(0xC4, [0x10, 1] + Array(repeating: 0, count: 15) + [0xE0])
        for scan in 0..<scans {
            let band: [UInt8] = scan == 0 ? [0, 0, 0] : [1, 63, 0]
            file += segment(0xDA, [1, 1, 0x00] + band)
            file += Array(repeating: 0, count: scan == 0 ? (blocks + 7) / 8 : (blocks / (1 << 14) + 1) * 2)
        }
        return file + [0xFF, 0xD9]
    }

    private func segment(_ code: UInt8, _ content: [UInt8]) -> [UInt8] {
        let length = content.count + 2
        return [0xFF, code, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }
}
