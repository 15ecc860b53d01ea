internal import CUnmaskPNG

/// Pixels as stored, alpha composited over white; one channel where the file is gray, else three.
final class PNGDecoder: ImageDecoder, RowSource {
    private let library: LibraryDecoder
    private let header: unmask_png_header
    private let samples: PNGSamples
    private let watch: DecodeWatch
    /// A row as the file has it, from its first one on.
    private var row: PixelBuffer?
    private var rowsDecoded = 0
    private(set) var metadata: ImageMetadata
    let hasMetadataBehindImage: Bool

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { samples.channels }
    /// A row as the file has it, and the three that libpng holds.
    var workingBytes: Int { 4 * rowBytes }
    var rows: (any RowSource)? { header.is_interlaced ? nil : self }
    private var rowBytes: Int { header.width * samples.bytesPerPixel }

    /// - Parameters:
    ///   - encoded: outlives the decoder.
    ///   - areNumbers: whether samples are numbers to be kept: a palette's indices, or grays of up to 8 bits. Colours are refused.
    init(
        _ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch, areNumbers: Bool = false
    ) throws(ImageError) {
        var header = unmask_png_header()
        library = try LibraryDecoder(.png, watch, message: unmask_png_message, close: unmask_png_close) {
            unmask_png_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        if areNumbers, let kind = header.kindWithoutNumbers {
            throw ImageError(
                .unsupported,
                "a PNG of \(kind): expected one whose pixels are numbers, gray of up to 8 bits or with a palette")
        }
        self.header = header
        self.watch = watch
        samples = PNGSamples(header, areNumbers: areNumbers, wideGray: watch.wideGray)
        if header.color == UNMASK_PNG_GRAY, header.bits == 16, watch.wideGray == .clamp {
            watch.tellOfClampedGray(bits: 16)
        }
        metadata = ImageMetadata(library)
        hasMetadataBehindImage = PNGChunks(encoded).hasMetadataBehindImage
    }

    func close() {
        library.close()
        row = nil
    }

    func decodeRow(into pixels: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        try decodeRow(count: width, into: pixels)
        rowsDecoded += 1
        if rowsDecoded == height { finish() }
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        let raster = header.is_interlaced ? try decodePasses() : try Raster(self, channels: wanted, watch)
        return wanted < raster.channels ? try raster.gray(watch.memory) : raster
    }

    /// Each pass of an interlaced image has pixels between those of the passes before.
    private func decodePasses() throws(ImageError) -> Raster {
        let row = try watch.memory.buffer(width * channels)
        let passes = (0..<Int32(UNMASK_PNG_PASSES)).map { number in
            withUnsafePointer(to: header) { unmask_png_pass_of($0, number) }
        }
        let raster = try Raster(width: width, height: height, channels: channels, watch.memory) {
            pixels throws(ImageError) in
            try row.withBytes { row throws(ImageError) in
                for pass in passes where pass.rows > 0 && pass.columns > 0 { try decode(pass, by: row, to: pixels) }
            }
        }
        finish()
        return raster
    }

    private func decode(
        _ pass: unmask_png_pass, by row: UnsafeMutableBufferPointer<UInt8>,
        to pixels: UnsafeMutableBufferPointer<UInt8>
    ) throws(ImageError) {
        guard let start = row.baseAddress else { return }
        for y in 0..<pass.rows {
            try watch.pass(samples: pass.columns * channels)
            try decodeRow(count: pass.columns, into: start)
            let place = (pass.first_row + y * pass.row_step) * width + pass.first_column
            for x in 0..<pass.columns {
                let target = (place + x * pass.column_step) * channels
                for c in 0..<channels { pixels[target + c] = row[x * channels + c] }
            }
        }
    }

    private func decodeRow(count: Int, into pixels: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let buffer = if let row { row } else { try start() }
        try buffer.withBytes { bytes throws(ImageError) in
            guard let start = bytes.baseAddress else { return }
            try library.check(unmask_png_read_row(library.pointer, start))
            samples.convert(start, count: count, to: pixels)
        }
    }

    private func start() throws(ImageError) -> PixelBuffer {
        let buffer = try watch.memory.buffer(rowBytes)
        try library.check(unmask_png_start(library.pointer))
        row = buffer
        return buffer
    }

    private func finish() {
        unmask_png_finish(library.pointer)
        metadata = ImageMetadata(library)
    }
}

extension unmask_png_header {
    /// What a pixel is that is no number of up to 8 bits; nil where it is one.
    fileprivate var kindWithoutNumbers: String? {
        switch color {
        case UNMASK_PNG_GRAY: bits == 16 ? "16 bits a pixel" : nil
        case UNMASK_PNG_PALETTE: nil
        case UNMASK_PNG_GRAY_ALPHA: "gray with transparency"
        default: "colours without a palette"
        }
    }
}

extension ImageMetadata {
    /// What a PNG's chunks say, as far as they have been read.
    fileprivate init(_ library: LibraryDecoder) {
        exif = library.bytes(unmask_png_exif)
        if exif.isEmpty { exif = Self.rawProfile(library.bytes(unmask_png_raw_exif)) }
        xmp = library.bytes(unmask_png_xmp)
    }

    /// The bytes of a profile in a text: what follows its third line, in hexadecimal. Empty where it is something else.
    private static func rawProfile(_ text: [UInt8]) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        let lines = text.split(separator: newline, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return [] }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in lines[3] where !" \t\r\n".utf8.contains(character) {
            guard let digit = Character(UnicodeScalar(character)).hexDigitValue.map(UInt8.init) else { return [] }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : []
    }
}
