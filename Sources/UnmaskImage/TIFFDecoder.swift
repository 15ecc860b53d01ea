internal import CUnmaskTIFF

/// The first page, alpha composited over white; one channel where the file is gray, else three.
final class TIFFDecoder: ImageDecoder, RowSource {
    private let library: LibraryDecoder
    private let header: unmask_tiff_header
    private let samples: TIFFSamples
    private let watch: DecodeWatch
    /// A row as libtiff gives it, from the first one on.
    private var row: PixelBuffer?
    let metadata: ImageMetadata

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { samples.channels }
    var workingBytes: Int { header.working_bytes + header.row_bytes }
    var rows: (any RowSource)? { self }
    var hasMetadataBehindImage: Bool { false }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_tiff_header()
        library = try LibraryDecoder(.tiff, watch, message: unmask_tiff_message, close: unmask_tiff_close) {
            unmask_tiff_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        samples = try TIFFSamples(header, watch.wideGray)
        if let bits = samples.clampedBits { watch.tellOfClampedGray(bits: bits) }
        self.header = header
        self.watch = watch
        let stated = header.orientation == 0 ? nil : Orientation(rawValue: Int(header.orientation)) ?? .upright
        metadata = ImageMetadata(xmp: library.bytes(unmask_tiff_xmp), stated: stated)
    }

    func close() {
        library.close()
        row = nil
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        try Raster(self, channels: wanted, watch)
    }

    func decodeRow(into pixels: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        let buffer = if let row { row } else { try start() }
        try buffer.withBytes { bytes throws(ImageError) in
            guard let start = bytes.baseAddress else { return }
            try library.check(unmask_tiff_read_row(library.pointer, start))
            samples.convert(start, count: width, to: pixels)
        }
    }

    private func start() throws(ImageError) -> PixelBuffer {
        let buffer = try watch.memory.buffer(header.row_bytes)
        try library.check(unmask_tiff_start(library.pointer))
        row = buffer
        return buffer
    }
}
