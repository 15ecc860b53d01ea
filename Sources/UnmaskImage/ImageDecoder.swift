/// An encoded image whose header has been read and checked against the limits. Nothing that grows with the image's size
/// has been allocated yet. It decodes once.
protocol ImageDecoder: AnyObject {
    var width: Int { get }
    var height: Int { get }
    /// Of the image as it is stored: 1 where it is gray, else 3.
    var channels: Int { get }
    /// What the decoder takes while it decodes, in bytes, beside the pixels it gives.
    var workingBytes: Int { get }
    /// What one pixel takes while the whole image is decoded, in bytes.
    var bytesPerPixel: Int { get }
    /// The image's rows, where they come one after the other.
    var rows: (any RowSource)? { get }
    /// What the file says of itself as far as it has been read: all of it when the image has been decoded.
    var metadata: ImageMetadata { get }
    /// Whether some of it stands behind the image.
    var hasMetadataBehindImage: Bool { get }

    /// Gives about a `factor`th of the sides (8, 4 or 2), rounded up, where the format can: before anything is decoded.
    func reduce(by factor: Int) throws(ImageError)

    /// The whole image as it is stored, alpha composited over white; gray where one channel is wanted.
    func decode(channels wanted: Int) throws(ImageError) -> Raster

    /// Gives back the decoder's memory.
    func close()
}

extension ImageDecoder {
    var bytesPerPixel: Int { channels }

    func reduce(by factor: Int) throws(ImageError) {}
}

/// The decoder of an image, whose format its first bytes tell.
func openImage(
    _ encoded: UnsafeRawBufferPointer, _ watch: DecodeWatch
) throws(ImageError) -> any ImageDecoder {
    try watch.limits.check(byteCount: encoded.count)
    let bytes = encoded.bindMemory(to: UInt8.self)
    return switch try ImageFormat(encoded) {
    case .jpeg: try JPEGDecoder(bytes, watch)
    case .png: try PNGDecoder(bytes, watch)
    case .webp: try WebPDecoder(bytes, watch)
    case .gif: try GIFDecoder(bytes, watch)
    case .bmp: try BMPDecoder(bytes, watch)
    case .tiff: try TIFFDecoder(bytes, watch)
    case .avif: try AVIFDecoder(bytes, watch)
    case .heic: try HEICDecoder(bytes, watch)
    }
}
