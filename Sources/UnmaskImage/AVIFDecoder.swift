internal import CUnmaskAVIF
internal import CUnmaskDecoding

/// Pixels as stored, alpha composited over white, three channels; of a sequence the first image.
final class AVIFDecoder: WholeImageDecoder {
    let library: LibraryDecoder
    private let header: unmask_avif_header
    let metadata: ImageMetadata

    var width: Int { header.width }
    var height: Int { header.height }
    var hasAlpha: Bool { header.has_alpha }
    var workingBytes: Int { header.working_bytes }

    /// - Parameter encoded: outlives the decoder.
    init(_ encoded: UnsafeBufferPointer<UInt8>, _ watch: DecodeWatch) throws(ImageError) {
        var header = unmask_avif_header()
        library = try LibraryDecoder(
            .avif, watch, isCutShort: { BaseMedia(UnsafeRawBufferPointer(encoded)).isCutShort },
            message: unmask_avif_message, close: unmask_avif_close
        ) {
            unmask_avif_open(encoded.baseAddress, encoded.count, &$0, &header)
        }
        try watch.limits.check(width: header.width, height: header.height)
        self.header = header
        var metadata = ImageMetadata(exif: library.bytes(unmask_avif_exif), xmp: library.bytes(unmask_avif_xmp))
        metadata.stated = Self.stated(header, metadata)
        self.metadata = metadata
    }

    func decodeSamples(into samples: UnsafeMutablePointer<UInt8>?) -> unmask_decoding_status {
        unmask_avif_decode(library.pointer, samples, library.stop, library.context)
    }

    /// What the container says of turning overrules EXIF, also where it says nothing (MIAF, ISO/IEC 23000-22, 7.3.6.7, and
    /// Pillow); only where both are silent XMP counts.
    private static func stated(_ header: unmask_avif_header, _ metadata: ImageMetadata) -> Orientation? {
        let number = Int(header.orientation)
        guard number == 1, ExifOrientation(metadata.exif) == .absent else { return Orientation(rawValue: number) }
        return nil
    }
}
