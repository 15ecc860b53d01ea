/// The chunks of a PNG file, by their lengths and names alone.
struct PNGChunks {
    private let encoded: UnsafeBufferPointer<UInt8>

    init(_ encoded: UnsafeBufferPointer<UInt8>) {
        self.encoded = encoded
    }

    /// Whether EXIF or XMP may stand behind the image data, so that only the end of the file tells how to turn the image.
    var hasMetadataBehindImage: Bool {
        var isBehindImage = false
        // Behind the signature; of each chunk: length, name, data, checksum.
        var place = 8
        while let length = integer(at: place), let name = integer(at: place + 4) {
            switch name {
            case Self.imageData: isBehindImage = true
            case Self.exif: if isBehindImage { return true }
            case let name where Self.texts.contains(name):
                if isBehindImage, Self.keywords.contains(where: { begins($0, at: place + 8) }) { return true }
            default: break
            }
            place += 12 + length
        }
        return false
    }

    private static let imageData = 0x4944_4154  // IDAT
    private static let exif = 0x6558_4966  // eXIf
    private static let texts = [0x6954_5874, 0x7A54_5874, 0x7445_5874]  // iTXt, zTXt, tEXt
    private static let keywords = ["XML:com.adobe.xmp\0", "Raw profile type exif\0"].map { Array($0.utf8) }

    private func begins(_ keyword: [UInt8], at place: Int) -> Bool {
        place + keyword.count <= encoded.count && encoded[place..<place + keyword.count].elementsEqual(keyword)
    }

    /// Four bytes, big-endian; nil where there are fewer.
    private func integer(at place: Int) -> Int? {
        guard place + 4 <= encoded.count else { return nil }
        return encoded[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
