internal import CUnmaskPNG

/// Pixels as stored, alpha composited over white; one channel where the file is gray, else three.
func decodePNG(
    _ encoded: UnsafeBufferPointer<UInt8>, limits: ImageLimits
) throws(ImageError) -> (PixelImage, ImageMetadata) {
    var decoder: OpaquePointer?
    var header = unmask_png_header()
    defer { unmask_png_close(decoder) }
    try check(unmask_png_open(encoded.baseAddress, encoded.count, &decoder, &header), decoder)
    try limits.check(width: header.width, height: header.height)

    var status = UNMASK_PNG_OK
    let sampleBytes = header.width * header.height * header.samples * (header.bits == 16 ? 2 : 1)
    let samples = [UInt8](unsafeUninitializedCapacity: sampleBytes) { buffer, initialized in
        // Interlaced rows are merged into what is there.
        buffer.initialize(repeating: 0)
        status = unmask_png_decode(decoder, buffer.baseAddress)
        initialized = sampleBytes
    }
    try check(status, decoder)

    var metadata = ImageMetadata()
    var count = 0
    if let exif = unmask_png_exif(decoder, &count) {
        metadata.exif = Array(UnsafeBufferPointer(start: exif, count: count))
    }
    if let xmp = unmask_png_xmp(decoder, &count) {
        metadata.xmp = Array(UnsafeBufferPointer(start: xmp, count: count))
    }
    return (PNGSamples(samples, header).image, metadata)
}

private func check(_ status: unmask_png_status, _ decoder: OpaquePointer?) throws(ImageError) {
    let detail = decoder.map { String(cString: unmask_png_message($0)) } ?? ""
    switch status {
    case UNMASK_PNG_OK: return
    case UNMASK_PNG_TRUNCATED: throw .cutShort(.png, detail)
    case UNMASK_PNG_NO_MEMORY: throw .noMemory(.png)
    default: throw .corrupt(.png, detail)
    }
}
