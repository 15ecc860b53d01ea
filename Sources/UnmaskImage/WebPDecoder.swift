internal import CUnmaskWebP

/// Pixels as stored, alpha composited over white, three channels; of an animation the first frame.
final class WebPDecoder: ImageDecoder {
    private var decoder: OpaquePointer?
    private let header: unmask_webp_header
    private let watch: DecodeWatch
    let metadata: ImageMetadata

    var width: Int { header.width }
    var height: Int { header.height }
    var channels: Int { 3 }
    var workingBytes: Int { header.working_bytes }
    var bytesPerPixel: Int { header.has_alpha ? 4 : 3 }
    /// libwebp writes into a whole image.
    var rows: (any RowSource)? { nil }
    var hasMetadataBehindImage: Bool { false }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var decoder: OpaquePointer?
        var header = unmask_webp_header()
        do throws(ImageError) {
            try Self.check(unmask_webp_open(encoded.baseAddress, encoded.count, &decoder, &header))
            try watch.limits.check(width: header.width, height: header.height)
        } catch {
            unmask_webp_close(decoder)
            throw error
        }
        self.decoder = decoder
        self.header = header
        self.watch = watch
        var metadata = ImageMetadata()
        var count = 0
        if let exif = unmask_webp_exif(decoder, &count) {
            metadata.exif = Array(UnsafeBufferPointer(start: exif, count: count))
        }
        if let xmp = unmask_webp_xmp(decoder, &count) {
            metadata.xmp = Array(UnsafeBufferPointer(start: xmp, count: count))
        }
        self.metadata = metadata
    }

    deinit { close() }

    func close() {
        unmask_webp_close(decoder)
        decoder = nil
    }

    func decode(channels wanted: Int) throws(ImageError) -> Raster {
        let buffer = try watch.memory.buffer(width * height * bytesPerPixel)
        try buffer.withBytes { bytes throws(ImageError) in
            if !header.covers_canvas { bytes.initialize(repeating: 0) }
            let context = Unmanaged.passUnretained(self).toOpaque()
            let status = unmask_webp_decode(decoder, bytes.baseAddress, Self.stops, context)
            if status == UNMASK_WEBP_STOPPED, let reason = watch.reason { throw reason }
            try Self.check(status)
            if header.has_alpha { compositeOverWhite(bytes) }
        }
        let raster = Raster(width: width, height: height, channels: 3, buffer)
        return wanted < raster.channels ? try raster.gray(watch.memory) : raster
    }

    /// Makes four samples a pixel three, in place.
    private func compositeOverWhite(_ samples: UnsafeMutableBufferPointer<UInt8>) {
        for i in 0..<width * height {
            let alpha = samples[4 * i + 3]
            for c in 0..<3 { samples[3 * i + c] = overWhite(samples[4 * i + c], alpha: alpha) }
        }
    }
}

extension WebPDecoder {
    /// Whether to stop, asked between pieces of the file: few enough to ask each time.
    fileprivate static let stops: unmask_webp_stop = { context in
        guard let context else { return false }
        let decoder = Unmanaged<WebPDecoder>.fromOpaque(context).takeUnretainedValue()
        return decoder.watch.stops(afterSamples: .max)
    }

    fileprivate static func check(_ status: unmask_webp_status) throws(ImageError) {
        switch status {
        case UNMASK_WEBP_OK: return
        case UNMASK_WEBP_TRUNCATED: throw .cutShort(.webp, "the image data ends early")
        case UNMASK_WEBP_UNSUPPORTED: throw .notDecoded(.webp, "libwebp does not know this feature")
        case UNMASK_WEBP_NO_MEMORY: throw .noMemory(.webp)
        default: throw .corrupt(.webp, "the bitstream is invalid")
        }
    }
}
