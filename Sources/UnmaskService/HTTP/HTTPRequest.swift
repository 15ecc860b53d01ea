import NIOCore
import NIOHTTP1

/// One whole request as it came off the wire.
struct HTTPRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
    /// When its last byte was read.
    var received: ContinuousClock.Instant
    /// Set where the body was longer than allowed; it was skipped then, and `body` is empty.
    var isTooLarge = false
    /// Whether the connection can carry no other request: the client waits to be told whether to send the body at all.
    var isLast = false

    /// The path without the query.
    var path: String {
        String(head.uri.prefix { $0 != "?" && $0 != "#" })
    }
}
