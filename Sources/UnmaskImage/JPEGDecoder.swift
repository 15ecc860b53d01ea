internal import CUnmaskJPEG

/// Pixels as stored, one channel where the file is gray, else three.
final class JPEGDecoder: ImageDecoder, RowSource {
    private var decoder: OpaquePointer?
    private let header: unmask_jpeg_header
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
        var decoder: OpaquePointer?
        var header = unmask_jpeg_header()
        do throws(ImageError) {
            try Self.check(unmask_jpeg_open(encoded.baseAddress, encoded.count, &decoder, &header), decoder)
            try watch.limits.check(width: header.width, height: header.height)
            try watch.limits.check(scans: header.scans, width: header.width, height: header.height)
        } catch {
            unmask_jpeg_close(decoder)
            throw error
        }
        self.decoder = decoder
        self.header = header
        self.watch = watch
        metadata = Self.metadata(of: decoder)
    }

    deinit { close() }

    func close() {
        unmask_jpeg_close(decoder)
        decoder = nil
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        try Raster(self, channels: wanted, watch)
    }

    func decodeRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        if !isStarted {
            isStarted = true
            try check(unmask_jpeg_start(decoder, Self.stops, Unmanaged.passUnretained(self).toOpaque()))
        }
        try check(unmask_jpeg_read_row(decoder, row))
    }

    private func check(_ status: unmask_jpeg_status) throws(ImageError) {
        if status == UNMASK_JPEG_STOPPED, let reason = watch.reason { throw reason }
        try Self.check(status, decoder)
    }
}

extension JPEGDecoder {
    /// Whether to stop, asked after each row of blocks of each scan.
    fileprivate static let stops: unmask_jpeg_stop = { context in
        guard let context else { return false }
        let decoder = Unmanaged<JPEGDecoder>.fromOpaque(context).takeUnretainedValue()
        return decoder.watch.stops(afterSamples: decoder.width * decoder.channels)
    }

    fileprivate static func check(_ status: unmask_jpeg_status, _ decoder: OpaquePointer?) throws(ImageError) {
        let detail = decoder.map { String(cString: unmask_jpeg_message($0)) } ?? ""
        switch status {
        case UNMASK_JPEG_OK: return
        case UNMASK_JPEG_TRUNCATED: throw .cutShort(.jpeg, detail)
        case UNMASK_JPEG_UNSUPPORTED: throw .notDecoded(.jpeg, detail)
        case UNMASK_JPEG_NO_MEMORY: throw .noMemory(.jpeg)
        default: throw .corrupt(.jpeg, detail)
        }
    }

    /// EXIF too long for one segment continues in the next; of several XMP packets the last counts.
    fileprivate static func metadata(of decoder: OpaquePointer?) -> ImageMetadata {
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
