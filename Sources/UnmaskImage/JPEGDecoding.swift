internal import CUnmaskJPEG

/// Pixels as stored, one channel where the file is gray, else three.
func decodeJPEG(
    _ encoded: UnsafeBufferPointer<UInt8>, limits: ImageLimits
) throws(ImageError) -> (PixelImage, ImageMetadata) {
    var decoder: OpaquePointer?
    var header = unmask_jpeg_header()
    defer { unmask_jpeg_close(decoder) }
    try check(unmask_jpeg_open(encoded.baseAddress, encoded.count, &decoder, &header), decoder)
    try limits.check(width: header.width, height: header.height)

    let metadata = metadata(of: decoder)
    var status = UNMASK_JPEG_OK
    let image = PixelImage(width: header.width, height: header.height, channels: header.channels) { pixels in
        status = unmask_jpeg_decode(decoder, pixels.baseAddress)
    }
    try check(status, decoder)
    return (image, metadata)
}

private func check(_ status: unmask_jpeg_status, _ decoder: OpaquePointer?) throws(ImageError) {
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
private func metadata(of decoder: OpaquePointer?) -> ImageMetadata {
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
