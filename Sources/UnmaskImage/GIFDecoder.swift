internal import CUnmaskGIF

/// The first frame on its canvas, transparent pixels white; one channel where the palette is gray's own, else three.
///
/// As in Pillow, what the frame leaves of the canvas is transparent where the frame has a transparent index, and index 0
/// where not: the background that a GIF names is not used.
final class GIFDecoder: ImageDecoder, RowSource {
    private let library: LibraryDecoder
    private let header: unmask_gif_header
    private let watch: DecodeWatch
    /// `[256, channels]`, over white.
    private let palette: [UInt8]
    /// The indices of a frame's row.
    private var indices: PixelBuffer?
    private var nextRow = 0

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { header.has_palette ? 3 : 1 }
    /// A row of indices; giflib's tables do not grow with the image.
    var workingBytes: Int { header.frame_width }
    var rows: (any RowSource)? { header.is_interlaced ? nil : self }
    var metadata: ImageMetadata { ImageMetadata() }
    var hasMetadataBehindImage: Bool { false }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_gif_header()
        library = try LibraryDecoder(.gif, watch, message: unmask_gif_message, close: unmask_gif_close) {
            unmask_gif_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        self.header = header
        self.watch = watch
        palette = Self.palette(of: header)
    }

    func close() {
        library.close()
        indices = nil
    }

    func decodeRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let frame = header.top..<header.top + header.frame_height
        fillBackground(row)
        if frame.contains(nextRow) { try decodeFrameRow(into: row) }
        nextRow += 1
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        guard header.is_interlaced else { return try Raster(self, channels: wanted, watch) }
        let raster = try decodePasses()
        return wanted < raster.channels ? try raster.gray(watch.memory) : raster
    }

    /// The rows of an interlaced frame, in the order of the file (GIF89a, appendix E).
    private var interlacedRows: [Int] {
        [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { first, step in
            Array(stride(from: first, to: header.frame_height, by: step))
        }
    }

    private func decodePasses() throws(ImageError) -> Raster {
        try Raster(width: width, height: height, channels: channels, watch.memory) { pixels throws(ImageError) in
            guard let start = pixels.baseAddress else { return }
            for y in 0..<height { fillBackground(start + y * width * channels) }
            for y in interlacedRows {
                try watch.pass(samples: width * channels)
                try decodeFrameRow(into: start + (header.top + y) * width * channels)
            }
        }
    }

    private func fillBackground(_ row: UnsafeMutablePointer<UInt8>) {
        let background = max(0, Int(header.transparent)) * channels
        for x in 0..<width {
            for c in 0..<channels { row[x * channels + c] = palette[background + c] }
        }
    }

    /// The frame's next row of the file, at its place in a row of the canvas.
    private func decodeFrameRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let buffer = if let indices { indices } else { try watch.memory.buffer(header.frame_width) }
        indices = buffer
        try buffer.withBytes { indices throws(ImageError) in
            try library.check(unmask_gif_read_row(library.pointer, indices.baseAddress))
            let pixels = row + header.left * channels
            palette.withUnsafeBufferPointer { palette in
                for x in 0..<header.frame_width {
                    for c in 0..<channels { pixels[x * channels + c] = palette[Int(indices[x]) * channels + c] }
                }
            }
        }
    }

    private static func palette(of header: unmask_gif_header) -> [UInt8] {
        let channels = header.has_palette ? 3 : 1
        var colors =
            header.has_palette
            ? withUnsafeBytes(of: header.palette) { Array($0) } : (0..<256).map { UInt8($0) }
        guard header.transparent >= 0 else { return colors }
        let transparent = Int(header.transparent) * channels
        for c in 0..<channels { colors[transparent + c] = 255 }
        return colors
    }
}
