/// What a Windows or OS/2 bitmap says of its pixels, read as Pillow reads it. What Pillow refuses is refused here, by name.
///
/// Layout: `BITMAPCOREHEADER` (12 bytes), `BITMAPINFOHEADER` (40) and its successors (52, 56, 108, 124), and OS/2's
/// second (64). All integers are little-endian.
struct BMPHeader {
    /// What a pixel's bits are.
    enum Pixels: Equatable {
        /// One bit: black or white.
        case bilevel
        /// One byte: its gray.
        case gray
        /// So many bits: an index of the palette, the first pixel in the highest.
        case indexed(bits: Int)
        /// Two bytes: blue in the lowest five bits, green in so many, red in five.
        case packed(greenBits: Int)
        /// So many bytes, and where of them red, green, blue and, if there is any, alpha are.
        case bytes(count: Int, red: Int, green: Int, blue: Int, alpha: Int?)

        var bits: Int {
            switch self {
            case .bilevel: 1
            case .gray: 8
            case .indexed(let bits): bits
            case .packed: 16
            case .bytes(let count, _, _, _, _): 8 * count
            }
        }

        var isGray: Bool { self == .bilevel || self == .gray }
    }

    /// How rows are written.
    enum Rows: Equatable {
        case plain
        /// Runs of indices, which have so many bits.
        case runs(bits: Int)
    }

    let width: Int
    let height: Int
    let isTopDown: Bool
    let pixels: Pixels
    let rows: Rows
    /// `[256, 3]`, RGB; entries that the file lacks are black. Empty where pixels need none.
    let palette: [UInt8]
    /// Where the pixels begin in the file.
    let offset: Int
    /// From one row to the next, in bytes, of plain rows.
    let stride: Int

    init(_ encoded: UnsafeBufferPointer<UInt8>) throws(ImageError) {
        let file = LittleEndian(encoded)
        let length = try file.integer(at: 14, size: 4)
        guard Self.lengths.contains(length) else {
            throw .notDecoded(.bmp, "its header has \(length) bytes; 12, 40, 52, 56, 64, 108 or 124 are read")
        }
        let isCore = length == 12
        _ = try file.integer(at: 14 + length - 4, size: 4)
        width = try file.integer(at: 18, size: isCore ? 2 : 4)
        let storedHeight = try file.integer(at: isCore ? 20 : 22, size: isCore ? 2 : 4)
        isTopDown = !isCore && storedHeight >= 0xFF00_0000
        height = isTopDown ? 1 << 32 - storedHeight : storedHeight
        let bits = try file.integer(at: isCore ? 24 : 28, size: 2)
        let compression = isCore ? 0 : try file.integer(at: 30, size: 4)
        let stated = isCore ? 0 : try file.integer(at: 46, size: 4)
        let colors = stated == 0 ? 1 << min(bits, 32) : stated
        guard Self.depths.contains(bits) else {
            throw .notDecoded(.bmp, "its pixels have \(bits) bits; 1, 4, 8, 16, 24 or 32 are read")
        }
        stride = (width * bits + 31) / 32 * 4

        var end = 14 + length
        switch compression {
        case 0:
            rows = .plain
        case 1, 2:
            rows = .runs(bits: compression == 1 ? 8 : 4)
        case 3:
            rows = .plain
            // Behind a header of 40 bytes, in those that are longer.
            if length == 40 { end += 12 }
        default:
            throw .notDecoded(
                .bmp, "its compression is number \(compression); none, RLE8, RLE4 and bit fields are read")
        }

        let entry = isCore ? 3 : 4
        let start = try file.integer(at: 10, size: 4)
        if bits > 8 {
            pixels = try Self.pixels(file, bits: bits, headerLength: length, compression: compression)
            palette = []
            offset = start == 0 ? end : start
        } else {
            guard compression != 3 else { throw Self.unknownFields }
            guard (1...65_536).contains(colors) else {
                throw .notDecoded(.bmp, "its palette has \(colors) entries, more than 65536")
            }
            let entries = file.bytes(from: end, count: entry * colors)
            if Self.isGray(entries, entry: entry, colors: colors) {
                pixels = colors <= 2 ? .bilevel : .gray
                palette = []
            } else {
                guard colors <= 256 else { throw .notDecoded(.bmp, "its palette has \(colors) entries, more than 256") }
                pixels = .indexed(bits: bits)
                palette = Self.palette(entries, entry: entry)
            }
            // Some writers forget the palette in front of the pixels.
            let behindPalette = end + entry * colors
            offset = start == 0 ? end + entries.count : start == 14 + length ? behindPalette : start
        }
        if case .runs = rows, bits > 8 { throw .notDecoded(.bmp, "it has runs of pixels of \(bits) bits") }
        // Pillow takes a gray palette for samples of 8 bits, and one of black and white for 1 bit, whatever their bits are.
        guard rows != .plain || (width * pixels.bits + 7) / 8 <= stride else {
            throw .notDecoded(.bmp, "its pixels have \(bits) bits, its palette is that of \(pixels.bits)")
        }
    }

    private static let lengths: Set = [12, 40, 52, 56, 64, 108, 124]
    private static let depths: Set = [1, 4, 8, 16, 24, 32]

    private static let unknownFields = ImageError.notDecoded(
        .bmp, "its bit fields are laid out in no way that is known")

    private static func pixels(
        _ file: LittleEndian, bits: Int, headerLength: Int, compression: Int
    ) throws(ImageError) -> Pixels {
        guard compression == 3 else {
            return switch bits {
            case 16: .packed(greenBits: 5)
            case 24: .bytes(count: 3, red: 2, green: 1, blue: 0, alpha: nil)
            default: .bytes(count: 4, red: 2, green: 1, blue: 0, alpha: nil)
            }
        }
        var masks: [Int] = []
        for index in 0..<(headerLength >= 56 ? 4 : 3) { masks.append(try file.integer(at: 54 + 4 * index, size: 4)) }
        let alpha = masks.count == 4 ? masks[3] : 0
        let pixels: Pixels? =
            switch (bits, masks[0], masks[1], masks[2]) {
            case (16, 0xF800, 0x7E0, 0x1F): .packed(greenBits: 6)
            case (16, 0x7C00, 0x3E0, 0x1F): .packed(greenBits: 5)
            case (24, 0xFF0000, 0xFF00, 0xFF): .bytes(count: 3, red: 2, green: 1, blue: 0, alpha: nil)
            case (32, 0, 0, 0) where alpha == 0: .bytes(count: 4, red: 2, green: 1, blue: 0, alpha: 3)
            case (32, 0xFF0000, 0xFF00, 0xFF) where alpha == 0:
                .bytes(count: 4, red: 2, green: 1, blue: 0, alpha: nil)
            case (32, 0xFF0000, 0xFF00, 0xFF) where alpha == 0xFF00_0000:
                .bytes(count: 4, red: 2, green: 1, blue: 0, alpha: 3)
            case (32, 0xFF, 0xFF00, 0xFF0000) where alpha == 0xFF00_0000:
                .bytes(count: 4, red: 0, green: 1, blue: 2, alpha: 3)
            case (32, 0xFF00_0000, 0xFF0000, 0xFF00) where alpha == 0:
                .bytes(count: 4, red: 3, green: 2, blue: 1, alpha: nil)
            case (32, 0xFF00_0000, 0xFF0000, 0xFF00) where alpha == 0xFF:
                .bytes(count: 4, red: 3, green: 2, blue: 1, alpha: 0)
            case (32, 0xFF00_0000, 0xFF00, 0xFF) where alpha == 0:
                .bytes(count: 4, red: 3, green: 1, blue: 0, alpha: nil)
            case (32, 0xFF00_0000, 0xFF00, 0xFF) where alpha == 0xFF0000:
                .bytes(count: 4, red: 3, green: 1, blue: 0, alpha: 2)
            default: nil
            }
        guard let pixels else { throw unknownFields }
        return pixels
    }

    /// Whether entry i is gray i, or the two are black and white.
    private static func isGray(_ entries: ArraySlice<UInt8>, entry: Int, colors: Int) -> Bool {
        (0..<colors).allSatisfy { index in
            let gray = colors == 2 && index == 1 ? 255 : UInt8(truncatingIfNeeded: index)
            let color = entries.dropFirst(index * entry).prefix(3)
            return color.count == 3 && color.allSatisfy { $0 == gray }
        }
    }

    private static func palette(_ entries: ArraySlice<UInt8>, entry: Int) -> [UInt8] {
        var palette = [UInt8](repeating: 0, count: 3 * 256)
        for index in 0..<entries.count / entry {
            let first = entries.startIndex + index * entry
            for c in 0..<3 { palette[3 * index + c] = entries[first + 2 - c] }
        }
        return palette
    }
}

/// The little-endian integers of a file that may be cut short.
private struct LittleEndian {
    private let encoded: UnsafeBufferPointer<UInt8>

    init(_ encoded: UnsafeBufferPointer<UInt8>) {
        self.encoded = encoded
    }

    func integer(at place: Int, size: Int) throws(ImageError) -> Int {
        guard place + size <= encoded.count else { throw .cutShort(.bmp, "the header is incomplete") }
        return encoded[place..<place + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Those that there are.
    func bytes(from place: Int, count: Int) -> ArraySlice<UInt8> {
        guard place < encoded.count else { return [] }
        return ArraySlice(encoded[place..<min(place + count, encoded.count)])
    }
}
