import NIOCore
import NIOHTTP1

/// One whole request as it came off the wire.
struct HTTPRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
    /// When its last byte was read.
    var received: ContinuousClock.Instant
    /// What is to be answered, whatever the body is: it was skipped then, and `body` is empty.
    var refusal: HTTPError?
    /// Whether the connection can carry no other request: the body of this one is not read to its end.
    var isLast = false
}
