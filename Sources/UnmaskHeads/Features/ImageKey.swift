internal import UnmaskModel

/// What tells an image's content from any other: SHA-256 of its encoded bytes, or of its pixels and their shape.
public struct ImageKey: Hashable, Sendable {
    static let byteCount = Digest.byteCount

    let bytes: [UInt8]

    /// - Parameter shape: of pixels; empty for an encoded image.
    public init(of content: [UInt8], shape: [Int] = []) {
        var shape = shape.map { Int64($0).littleEndian }
        shape.insert(Int64(shape.count).littleEndian, at: 0)
        var digest = Digest()
        shape.withUnsafeBytes { digest.update($0) }
        content.withUnsafeBytes { digest.update($0) }
        bytes = digest.finish()
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Of a text, in hexadecimal digits.
    static func digits(of text: String) -> String {
        Digest.hexadecimal(ImageKey(of: Array(text.utf8)).bytes)
    }
}
