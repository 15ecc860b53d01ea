import Foundation
import NIOCore
import NIOPosix
import Testing

#if TLS
    import NIOSSL
#endif

@testable import UnmaskService

/// A client that knows nothing of the server's code: it sends bytes as they are, and reads lines of JSON (through
/// Foundation's decoder) and the frames that they announce.
struct LineClient {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    var buffer = ByteBuffer()

    /// Connects, runs the body and closes.
    static func connected<Value: Sendable>(
        to address: BoundAddress, tls: TrustingContext? = nil, _ body: (inout LineClient) async throws -> Value
    ) async throws -> Value {
        let channel = try await connect(to: address, tls)
        return try await channel.executeThenClose { inbound, outbound in
            var client = LineClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&client)
        }
    }

    private static func connect(
        to address: BoundAddress, _ tls: TrustingContext?
    ) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: address.socketAddress()) { channel in
                channel.eventLoop.makeCompletedFuture {
                    #if TLS
                        if let tls {
                            let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                            try channel.pipeline.syncOperations.addHandler(handler)
                        }
                    #endif
                    return try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    func send(_ line: String, frames: [[UInt8]] = []) async throws {
        try await send(bytes: Array(line.utf8) + [UInt8(ascii: "\n")] + frames.joined())
    }

    func send(bytes: some Sequence<UInt8>) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    func send(bytes: some Sequence<UInt8>, inPiecesOf size: Int) async throws {
        let bytes = Array(bytes)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try await send(bytes: bytes[start..<min(start + size, bytes.count)])
        }
    }

    /// Says that nothing more will be sent.
    func finish() { outbound.finish() }

    /// The next answer, or nil where the server has closed the connection.
    mutating func receive() async throws -> ServerAnswer? {
        guard let line = try await readLine() else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var answer = try decoder.decode(ServerAnswer.self, from: Data(line))
        answer.text = String(decoding: line, as: UTF8.self)
        for length in answer.bytes ?? [] {
            while buffer.readableBytes < length { guard try await readMore() else { return nil } }
            answer.frames.append(buffer.readBytes(length: length) ?? [])
        }
        return answer
    }

    /// Sends a request and takes the next answer, whosever it is.
    mutating func ask(_ line: String, frames: [[UInt8]] = []) async throws -> ServerAnswer {
        try await send(line, frames: frames)
        return try #require(await receive())
    }

    /// Asks for `health` until the answer is as expected.
    mutating func waitForHealth(
        sourceLocation: SourceLocation = #_sourceLocation, _ isExpected: (String) -> Bool
    ) async throws {
        for _ in 0..<24_000 {
            if isExpected(try await ask(#"{"id":1,"method":"health"}"#).text) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("health never became what was expected", sourceLocation: sourceLocation)
    }

    mutating func waitForQueue(_ images: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await waitForHealth(sourceLocation: sourceLocation) { $0.contains(#""queued_images":\#(images),"#) }
    }

    mutating func readLine() async throws -> [UInt8]? {
        while true {
            if let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = buffer.readBytes(length: end - buffer.readerIndex)
                buffer.moveReaderIndex(forwardBy: 1)
                return line
            }
            guard try await readMore() else { return nil }
        }
    }

    mutating func readMore() async throws -> Bool {
        guard var bytes = try await inbound.next() else { return false }
        buffer.writeBuffer(&bytes)
        return true
    }
}

extension BoundAddress {
    func socketAddress() throws -> SocketAddress {
        switch self {
        case .unix(let path): try SocketAddress(unixDomainSocketPath: path)
        case .tcp(let host, let port): try SocketAddress(ipAddress: host, port: port)
        }
    }
}
