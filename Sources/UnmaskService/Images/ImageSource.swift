import NIOCore

/// Where an image of a request comes from.
enum ImageSource: Sendable {
    /// A file on the server, under one of the allowed directories.
    case path(String)
    case base64(String)
    /// Raw bytes that came after the line.
    case frame(ByteBuffer)
}
