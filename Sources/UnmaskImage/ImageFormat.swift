/// The encodings that are decoded, told apart by their first bytes and never by a file's name.
enum ImageFormat: String, CaseIterable, CustomStringConvertible {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"

    var description: String { rawValue }

    /// The first bytes; nil stands for any.
    private var signature: [UInt8?] {
        switch self {
        case .jpeg: [0xFF, 0xD8, 0xFF]
        case .png: [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A]
        case .webp: Array("RIFF".utf8) + [nil, nil, nil, nil] + Array("WEBP".utf8)
        }
    }

    init(_ encoded: UnsafeRawBufferPointer) throws(ImageError) {
        guard !encoded.isEmpty else {
            throw ImageError(.truncated, "the image is empty (0 bytes); a JPEG, PNG or WebP image was expected")
        }
        let match = ImageFormat.allCases.first { format in
            zip(encoded, format.signature).allSatisfy { byte, expected in expected == nil || byte == expected }
        }
        guard let match else {
            throw ImageError(
                .unsupported,
                "not a JPEG, PNG or WebP image (it starts with \(ImageFormat.hexadecimal(encoded.prefix(8)))); "
                    + "convert it first")
        }
        guard encoded.count >= match.signature.count else {
            throw .cutShort(match, "it has \(encoded.count) bytes")
        }
        self = match
    }

    private static func hexadecimal(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
