/// The encodings that are decoded, told apart by their first bytes and never by a file's name.
enum ImageFormat: String, CaseIterable, CustomStringConvertible {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"
    case gif = "GIF"
    case bmp = "BMP"
    case tiff = "TIFF"
    case avif = "AVIF"
    case heic = "HEIC"

    var description: String { rawValue }

    /// All of them, for messages.
    static let list: String = {
        let names = allCases.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }()

    /// The first bytes, one way or another; nil stands for any.
    private var signatures: [[UInt8?]] {
        func text(_ text: String) -> [UInt8?] { Array(text.utf8) }
        let any: UInt8? = nil
        return switch self {
        case .jpeg: [[0xFF, 0xD8, 0xFF]]
        case .png: [[0x89] + text("PNG\r\n") + [0x1A, 0x0A]]
        case .webp: [text("RIFF") + Array(repeating: any, count: 4) + text("WEBP")]
        case .gif: [text("GIF87a"), text("GIF89a")]
        // The header begins with its own length, below 256, behind 14 bytes that say nothing; text may begin with BM.
        case .bmp: [text("BM") + Array(repeating: any, count: 13) + [0, 0, 0]]
        // 42, or 43 for BigTIFF.
        case .tiff: [text("II*\0"), text("MM\0*"), text("II+\0"), text("MM\0+")]
        // Brands tell these two apart. The length of what names them is in the first four bytes.
        case .avif, .heic: [[0, 0, any, any] + text("ftyp") + Array(repeating: any, count: 4)]
        }
    }

    init(_ encoded: UnsafeRawBufferPointer) throws(ImageError) {
        guard !encoded.isEmpty else {
            throw ImageError(.truncated, "the image is empty (0 bytes); a \(Self.list) image was expected")
        }
        for format in Self.allCases {
            for signature in format.signatures where Self.begins(encoded, signature) {
                guard encoded.count >= signature.count else {
                    throw .cutShort(format, "it has \(encoded.count) bytes")
                }
                self = format == .avif || format == .heic ? try Self.byBrands(encoded) : format
                return
            }
        }
        throw Self.unknown(encoded)
    }

    private static func byBrands(_ encoded: UnsafeRawBufferPointer) throws(ImageError) -> ImageFormat {
        guard let format = BaseMedia(encoded).format else { throw unknown(encoded) }
        return format
    }

    /// Whether they agree as far as there are bytes, in more than zeros: any file may begin with those.
    private static func begins(_ encoded: UnsafeRawBufferPointer, _ signature: [UInt8?]) -> Bool {
        let pairs = zip(encoded, signature)
        return pairs.allSatisfy { byte, expected in expected == nil || byte == expected }
            && pairs.contains { byte, expected in expected != nil && byte != 0 }
    }

    private static func unknown(_ encoded: UnsafeRawBufferPointer) -> ImageError {
        ImageError(
            .unsupported,
            "not a \(list) image (it starts with \(hexadecimal(encoded.prefix(12)))); convert it first")
    }

    private static func hexadecimal(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
