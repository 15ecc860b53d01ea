internal import CUnmaskDecoding
internal import CUnmaskWebP

/// Pixels as stored, alpha composited over white, three channels; of an animation the first frame.
final class WebPDecoder: WholeImageDecoder {
    let library: LibraryDecoder
    private let header: unmask_webp_header
    let metadata: ImageMetadata

    var width: Int { header.width }
    var height: Int { header.height }
    var hasAlpha: Bool { header.has_alpha }
    var workingBytes: Int { header.working_bytes }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_webp_header()
        library = try LibraryDecoder(.webp, watch, message: unmask_webp_message, close: unmask_webp_close) {
            unmask_webp_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        self.header = header
        metadata = ImageMetadata(exif: library.bytes(unmask_webp_exif), xmp: library.bytes(unmask_webp_xmp))
    }

    func decodeSamples(into samples: UnsafeMutablePointer<UInt8>?) -> unmask_decoding_status {
        if !header.covers_canvas { samples?.initialize(repeating: 0, count: width * height * bytesPerPixel) }
        return unmask_webp_decode(library.pointer, samples, library.stop, library.context)
    }
}
