/// Windows and OS/2 bitmaps, alpha composited over white; one channel where Pillow finds gray, else three. Read here: no
/// library of Debian's does it.
final class BMPDecoder: ImageDecoder, RowSource {
    private let encoded: UnsafeBufferPointer<UInt8>
    private let header: BMPHeader
    private let watch: DecodeWatch
    /// The indices of a compressed image, all rows in the order of the file.
    private var indices: PixelBuffer?
    private var nextRow = 0

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { header.pixels.isGray ? 1 : 3 }
    var workingBytes: Int { header.rows == .plain ? 0 : width * height }
    var rows: (any RowSource)? { self }
    var metadata: ImageMetadata { ImageMetadata() }
    var hasMetadataBehindImage: Bool { false }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        header = try BMPHeader(encoded)
        try watch.limits.check(width: header.width, height: header.height)
        self.encoded = encoded
        self.watch = watch
    }

    func close() { indices = nil }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        try Raster(self, channels: wanted, watch)
    }

    func decodeRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let place = header.isTopDown ? nextRow : height - 1 - nextRow
        nextRow += 1
        guard case .runs(let bits) = header.rows else { return try decodePlainRow(place, into: row) }
        let indices = if let decoded = self.indices { decoded } else { try decodeRuns(bits: bits) }
        self.indices = indices
        indices.withBytes { indices in
            for x in 0..<width { put(indices[place * width + x], at: x, into: row) }
        }
    }

    private func decodeRuns(bits: Int) throws(ImageError) -> PixelBuffer {
        let buffer = try watch.memory.buffer(width * height)
        try buffer.withBytes { indices throws(ImageError) in
            try BMPRuns(width: width, height: height, bits: bits)
                .decode(encoded, from: header.offset, into: indices, watch)
        }
        return buffer
    }

    private func decodePlainRow(_ place: Int, into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let start = header.offset + place * header.stride
        guard start + (width * header.pixels.bits + 7) / 8 <= encoded.count, let base = encoded.baseAddress else {
            throw .cutShort(.bmp, "the image data ends before the last row")
        }
        let bytes = base + start
        switch header.pixels {
        case .bilevel:
            for x in 0..<width { row[x] = bytes[x / 8] << (x % 8) & 0x80 == 0 ? 0 : 255 }
        case .gray:
            row.update(from: bytes, count: width)
        case .indexed(let bits):
            let perByte = 8 / bits
            for x in 0..<width {
                put((bytes[x / perByte] << (x % perByte * bits)) >> (8 - bits), at: x, into: row)
            }
        case .packed(let greenBits):
            unpack(bytes, greenBits: greenBits, into: row)
        case .bytes(let count, let red, let green, let blue, let alpha):
            for x in 0..<width {
                let pixel = bytes + x * count
                row[3 * x] = pixel[red]
                row[3 * x + 1] = pixel[green]
                row[3 * x + 2] = pixel[blue]
                guard let alpha else { continue }
                for c in 0..<3 { row[3 * x + c] = overWhite(row[3 * x + c], alpha: pixel[alpha]) }
            }
        }
    }

    /// Each to 0…255, the fraction dropped.
    private func unpack(_ bytes: UnsafePointer<UInt8>, greenBits: Int, into row: UnsafeMutablePointer<UInt8>) {
        let greens = 1 << greenBits - 1
        for x in 0..<width {
            let pixel = Int(bytes[2 * x]) | Int(bytes[2 * x + 1]) << 8
            row[3 * x] = UInt8((pixel >> (5 + greenBits) & 31) * 255 / 31)
            row[3 * x + 1] = UInt8((pixel >> 5 & greens) * 255 / greens)
            row[3 * x + 2] = UInt8((pixel & 31) * 255 / 31)
        }
    }

    /// What an index stands for.
    private func put(_ index: UInt8, at x: Int, into row: UnsafeMutablePointer<UInt8>) {
        switch header.pixels {
        case .bilevel: row[x] = index == 0 ? 0 : 255
        case .gray: row[x] = index
        default:
            for c in 0..<3 { row[3 * x + c] = header.palette[3 * Int(index) + c] }
        }
    }
}
