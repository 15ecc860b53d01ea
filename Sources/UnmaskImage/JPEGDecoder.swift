internal import CUnmaskJPEG

/// Pixels as stored, one channel where the file is gray, else three.
final class JPEGDecoder: ImageDecoder, RowSource {
    private let library: LibraryDecoder
    private var header: unmask_jpeg_header
    private let watch: DecodeWatch
    private var isStarted = false
    let metadata: ImageMetadata

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { header.channels }
    var workingBytes: Int { header.working_bytes }
    var rows: (any RowSource)? { self }
    var hasMetadataBehindImage: Bool { false }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_jpeg_header()
        library = try LibraryDecoder(.jpeg, watch, message: unmask_jpeg_message, close: unmask_jpeg_close) {
            unmask_jpeg_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        try watch.limits.check(scans: header.scans, width: header.width, height: header.height)
        // It asks after each row of blocks of each scan.
        library.samplesBetweenQuestions = header.width * header.channels
        self.header = header
        self.watch = watch
        metadata = Self.metadata(of: library.pointer)
    }

    func close() { library.close() }

    func reduce(by factor: Int) throws(ImageError) {
        try library.check(unmask_jpeg_reduce(library.pointer, factor, &header))
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        try Raster(self, channels: wanted, watch)
    }

    func decodeRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        if !isStarted {
            isStarted = true
            try library.check(unmask_jpeg_start(library.pointer, library.stop, library.context))
        }
        try library.check(unmask_jpeg_read_row(library.pointer, row))
    }

    /// EXIF too long for one segment continues in the next; of several XMP packets the last counts.
    private static func metadata(of decoder: OpaquePointer?) -> ImageMetadata {
        let exifName = Array("Exif\0\0".utf8)
        let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
        var metadata = ImageMetadata()
        var index = 0
        var count = 0
        while let start = unmask_jpeg_app1(decoder, index, &count) {
            let segment = UnsafeBufferPointer(start: start, count: count)
            if segment.starts(with: exifName) {
                metadata.exif += segment.dropFirst(metadata.exif.isEmpty ? 0 : exifName.count)
            } else if segment.starts(with: xmpName) {
                metadata.xmp = Array(segment.dropFirst(xmpName.count))
            }
            index += 1
        }
        return metadata
    }
}
