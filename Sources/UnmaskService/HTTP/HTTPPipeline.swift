import NIOCore
import NIOHTTP1

/// What turns a connection's bytes into requests, and answers into bytes.
struct HTTPPipeline: Sendable {
    private static let headerFields = 100

    let bodyBytes: Int
    let times: HTTPRequestTimer.Limits
    /// Of all headers, and again of all trailers.
    let headerBytes: Int
    let gate: HTTPGate
    let metrics: ServiceMetrics
    let clock: any ServiceClock

    /// On the connection's event loop, above what reads its bytes.
    func configure(_ channel: any Channel, _ account: ByteAccount) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = headerBytes
        decoding.maxHeaderListSize = headerBytes
        decoding.maxHeaderFieldCount = Self.headerFields
        let wire = HTTPWire(headerBytes: headerBytes)
        let parts = HTTPPartCounter(wire) { [decoding] in
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoding))
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([HTTPByteCounter(wire), HTTPResponseEncoder()])
        try parts.add(to: pipeline)
        try pipeline.addHandlers([HTTPServerPipelineHandler(), NIOHTTPResponseHeadersValidator()])
        try pipeline.addHandler(HTTPExchangeHandler(bodyBytes: bodyBytes, times, gate, wire, account, metrics, clock))
    }
}
