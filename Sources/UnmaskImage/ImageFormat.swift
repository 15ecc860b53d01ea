/// The encodings that are decoded, told apart by their first bytes and never by a file's name.
enum ImageFormat: String, CustomStringConvertible {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"

    var description: String { rawValue }

    init(_ encoded: UnsafeRawBufferPointer) throws(ImageError) {
        guard !encoded.isEmpty else {
            throw ImageError(.truncated, "the image is empty (0 bytes); a JPEG, PNG or WebP image was expected")
        }
        func starts(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            encoded.dropFirst(offset).starts(with: signature)
        }
        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A]) {
            self = .png
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else {
            throw ImageFormat.unrecognized(encoded)
        }
    }

    private static func unrecognized(_ encoded: UnsafeRawBufferPointer) -> ImageError {
        let signatures: [[UInt8]] = [
            [0xFF, 0xD8, 0xFF], [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A], Array("RIFF".utf8),
        ]
        if signatures.contains(where: { $0.count > encoded.count && $0.starts(with: encoded) }) {
            return ImageError(.truncated, "the image ends within its signature (\(encoded.count) bytes); copy it again")
        }
        let start = encoded.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        return ImageError(
            .unsupported,
            "not a JPEG, PNG or WebP image (it starts with the bytes \(start.joined(separator: " "))); convert it first")
    }
}
