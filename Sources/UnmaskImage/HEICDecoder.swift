internal import CUnmaskDecoding
internal import CUnmaskHEIF

/// The primary image upright, as libheif turns it, alpha composited over white, three channels. What EXIF and XMP say of
/// turning is not heeded: the container has said it.
final class HEICDecoder: WholeImageDecoder {
    let library: LibraryDecoder
    private let header: unmask_heif_header

    var width: Int { header.width }
    var height: Int { header.height }
    var hasAlpha: Bool { header.has_alpha }
    var workingBytes: Int { header.working_bytes }
    var metadata: ImageMetadata { ImageMetadata() }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_heif_header()
        library = try LibraryDecoder(
            .heic, watch, isCutShort: { BaseMedia(UnsafeRawBufferPointer(encoded)).isCutShort },
            message: unmask_heif_message, close: unmask_heif_close
        ) {
            unmask_heif_open(encoded.baseAddress, encoded.count, watch.limits.maxSide, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        try watch.limits.check(decodedPixels: header.decoded_pixels, width: header.width, height: header.height)
        self.header = header
    }

    func decodeSamples(into samples: UnsafeMutablePointer<UInt8>?) -> unmask_decoding_status {
        unmask_heif_decode(library.pointer, samples, library.stop, library.context)
    }
}
