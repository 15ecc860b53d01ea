import FuzzSupport
import UnmaskImage

/// A WebP container of one pixel with the input for its EXIF block and its XMP packet: no checksum stands in the way.
func image(_ metadata: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    func chunk(_ name: String, _ data: some Collection<UInt8>) -> [UInt8] {
        let length = (0..<4).map { UInt8(truncatingIfNeeded: data.count >> (8 * $0)) }
        return Array(name.utf8) + length + data + (data.count % 2 == 1 ? [0] : [])
    }
    // The flags of EXIF and XMP, and a canvas of 1 × 1; then its pixel.
    let header: [UInt8] = [0b1100, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let pixel: [UInt8] = [
        0x50, 1, 0, 0x9D, 1, 0x2A, 1, 0, 1, 0, 1, 0x40, 0x26, 0x25, 0x94, 0, 4, 0x33, 0x80, 0, 0xFE, 0xCB, 0xAB, 0xED,
        0x93, 0xBC, 0x40, 0,
    ]
    let chunks = chunk("VP8X", header) + chunk("VP8 ", pixel) + chunk("EXIF", metadata) + chunk("XMP ", metadata)
    return chunk("RIFF", Array("WEBP".utf8) + chunks)
}

fuzz { bytes, count in
    do throws(ImageError) {
        let pixels = try PixelImage.decode(image(UnsafeBufferPointer(start: bytes, count: count)))
        precondition(pixels.width == 1 && pixels.height == 1)
    } catch {
        fatalError("\(error)")
    }
    return 0
}
