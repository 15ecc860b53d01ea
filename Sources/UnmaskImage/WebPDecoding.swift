internal import CUnmaskWebP

/// Pixels as stored, alpha composited over white, three channels; of an animation the first frame.
func decodeWebP(
    _ encoded: UnsafeBufferPointer<UInt8>, limits: ImageLimits
) throws(ImageError) -> (PixelImage, ImageMetadata) {
    var decoder: OpaquePointer?
    var header = unmask_webp_header()
    defer { unmask_webp_close(decoder) }
    try check(unmask_webp_open(encoded.baseAddress, encoded.count, &decoder, &header))
    try limits.check(width: header.width, height: header.height)

    var metadata = ImageMetadata()
    var count = 0
    if let exif = unmask_webp_exif(decoder, &count) {
        metadata.exif = Array(UnsafeBufferPointer(start: exif, count: count))
    }
    if let xmp = unmask_webp_xmp(decoder, &count) {
        metadata.xmp = Array(UnsafeBufferPointer(start: xmp, count: count))
    }

    var samples = [UInt8](repeating: 0, count: header.width * header.height * (header.has_alpha ? 4 : 3))
    try check(samples.withUnsafeMutableBufferPointer { unmask_webp_decode(decoder, $0.baseAddress) })
    guard header.has_alpha else {
        return (PixelImage(width: header.width, height: header.height, channels: 3, pixels: samples), metadata)
    }
    let image = PixelImage(width: header.width, height: header.height, channels: 3) { pixels in
        samples.withUnsafeBufferPointer { samples in
            for i in 0..<pixels.count / 3 {
                for c in 0..<3 { pixels[3 * i + c] = overWhite(samples[4 * i + c], alpha: samples[4 * i + 3]) }
            }
        }
    }
    return (image, metadata)
}

private func check(_ status: unmask_webp_status) throws(ImageError) {
    switch status {
    case UNMASK_WEBP_OK: return
    case UNMASK_WEBP_TRUNCATED: throw .cutShort(.webp, "the image data ends early")
    case UNMASK_WEBP_UNSUPPORTED: throw .notDecoded(.webp, "libwebp does not know this feature")
    case UNMASK_WEBP_NO_MEMORY: throw .noMemory(.webp)
    default: throw .corrupt(.webp, "the bitstream is invalid")
    }
}
