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

    /// The client's own trace, where it names one.
    var trace: TraceContext? { head.headers.first(name: "traceparent").flatMap(TraceContext.init) }
}

extension HTTPRequestHead {
    /// The bytes that the body is said to have; nil where that is not said, or is no number.
    var contentLength: Int? { headers.first(name: "content-length").flatMap(Int.init) }
}
