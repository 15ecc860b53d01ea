import NIOCore

/// Where an image of a request comes from.
enum ImageSource: Sendable {
    /// A file on the server, under one of the allowed directories.
    case path(String)
    /// An encoded image, of any format that is decoded (`docs/preprocessing.md`).
    case encoded(RequestBytes)
    case pixels(RawPixels)
}

/// Bytes that came with a request.
enum RequestBytes: Sendable {
    case base64(String)
    /// Raw bytes that came after the line.
    case frame(ByteBuffer)
}

/// Pixels as they are: one byte a sample, row-major, channels interleaved.
struct RawPixels: Sendable {
    var bytes: RequestBytes
    var height: Int
    var width: Int
    var channels: Int
}
