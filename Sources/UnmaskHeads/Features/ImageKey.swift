internal import CCrypto

/// What tells an image's content from any other: SHA-256 of its encoded bytes, or of its pixels and their shape.
public struct ImageKey: Hashable, Sendable {
    static let byteCount = 32

    let bytes: [UInt8]

    /// - Parameter shape: of pixels; empty for an encoded image.
    public init(of content: [UInt8], shape: [Int] = []) {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        var shape = shape.map { Int64($0).littleEndian }
        shape.insert(Int64(shape.count).littleEndian, at: 0)
        EVP_DigestUpdate(context, shape, shape.count * MemoryLayout<Int64>.size)
        EVP_DigestUpdate(context, content, content.count)
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        EVP_DigestFinal_ex(context, &bytes, nil)
        self.bytes = bytes
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Of a text, in hexadecimal digits.
    static func digits(of text: String) -> String {
        ImageKey(of: Array(text.utf8)).bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
