import NIOCore

/// What a server answered: the line of JSON, and the frames that it announces.
public struct ServiceReply: Sendable, Equatable {
    public var line: String
    public var frames: [[UInt8]]
}

/// Cuts what a server sends into replies. It trusts the server with memory, and with nothing else.
struct ReplyFramer {
    private enum State {
        case line(searched: Int)
        case frames(line: String, id: RequestID, lengths: [Int])
    }

    private var state = State.line(searched: 0)
    private var buffer = ByteBuffer()

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// The next whole reply with the id that it answers, or nil until more bytes are appended.
    mutating func next() -> (id: RequestID, reply: ServiceReply)? {
        if case .line(let searched) = state, !readLine(searched) { return nil }
        guard case .frames(let line, let id, let lengths) = state,
            buffer.readableBytes >= lengths.reduce(0, +)
        else { return nil }
        state = .line(searched: 0)
        return (id, ServiceReply(line: line, frames: lengths.compactMap { buffer.readBytes(length: $0) }))
    }

    private mutating func readLine(_ searched: Int) -> Bool {
        let bytes = buffer.readableBytesView
        guard let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readSlice(length: end - bytes.startIndex)
        else {
            state = .line(searched: bytes.count)
            return false
        }
        buffer.moveReaderIndex(forwardBy: 1)
        var scanner = EnvelopeScanner()
        scanner.consume(line.readableBytesView)
        state = .frames(line: String(buffer: line), id: scanner.id, lengths: scanner.frameLengths)
        return true
    }
}
