/// An image's rows from top to bottom, as stored, each decoded when it is asked for: all that is in memory at once is what
/// the decoder needs itself.
protocol RowSource: AnyObject {
    var width: Int { get }
    var height: Int { get }
    /// 1 (gray) or 3 (RGB).
    var channels: Int { get }

    /// Decodes the next row into `row`, `width` × `channels` samples; `height` times.
    func decodeRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError)
}

/// A source's rows as gray where that is asked of colours.
struct Rows {
    let source: any RowSource
    /// No more than the source has.
    let channels: Int
    private let watch: DecodeWatch
    /// A row of colours to be made gray.
    private let colors: PixelBuffer?

    /// - Parameter wanted: 1 (gray) or 3 (as the source has them).
    init(_ source: any RowSource, channels wanted: Int, _ watch: DecodeWatch) throws(ImageError) {
        self.source = source
        self.watch = watch
        channels = min(source.channels, wanted)
        colors = source.channels > channels ? try watch.memory.buffer(source.width * source.channels) : nil
    }

    func next(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        try watch.pass(samples: source.width * source.channels)
        guard let colors else { return try source.decodeRow(into: row) }
        try colors.withBytes { colors throws(ImageError) in
            guard let start = colors.baseAddress else { return }
            try source.decodeRow(into: start)
            luma(of: start, to: row, count: source.width)
        }
    }
}

extension Raster {
    /// The whole image.
    init(_ source: any RowSource, channels: Int, _ watch: DecodeWatch) throws(ImageError) {
        let rows = try Rows(source, channels: channels, watch)
        let stride = source.width * rows.channels
        try self.init(width: source.width, height: source.height, channels: rows.channels, watch.memory) {
            samples throws(ImageError) in
            guard let start = samples.baseAddress else { return }
            for y in 0..<source.height { try rows.next(into: start + y * stride) }
        }
    }
}
