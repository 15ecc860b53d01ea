package import NIOCore

/// Cuts what a server sends into replies: a line each, and the frames that the line announces.
package struct ReplyFramer {
    /// A reply as it lies in the bytes that came, none of them copied.
    package struct Event {
        package var line: ByteBuffer
        package var envelope: ReplyLine
        package var frames: [ByteBuffer]
    }

    private enum State {
        case line(searched: Int)
        case frames(line: ByteBuffer, ReplyLine, total: Int)
    }

    private let maximumBytes: Int
    private var state = State.line(searched: 0)
    private var buffer = ByteBuffer()

    /// - Parameter maximumBytes: the most that a line, or the frames of one reply together, may have.
    package init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    package mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// The next whole reply, or nil until more bytes are appended.
    package mutating func next() throws(ServiceClientError) -> Event? {
        if case .line(let searched) = state { guard try readLine(searched) else { return nil } }
        guard case .frames(let line, let envelope, let total) = state, buffer.readableBytes >= total else { return nil }
        state = .line(searched: 0)
        let frames = envelope.frameLengths.compactMap { buffer.readSlice(length: $0) }
        return Event(line: line, envelope: envelope, frames: frames)
    }

    private mutating func readLine(_ searched: Int) throws(ServiceClientError) -> Bool {
        let bytes = buffer.readableBytesView
        guard let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readSlice(length: end - bytes.startIndex)
        else {
            guard bytes.count <= maximumBytes else { throw .replyTooLarge(bytes.count, maximum: maximumBytes) }
            state = .line(searched: bytes.count)
            return false
        }
        buffer.moveReaderIndex(forwardBy: 1)
        let envelope = try line.withUnsafeReadableBytes { bytes throws(ServiceClientError) in try ReplyLine(bytes) }
        var total = 0
        for length in envelope.frameLengths {
            guard length <= maximumBytes - total else { throw .replyTooLarge(length, maximum: maximumBytes) }
            total += length
        }
        state = .frames(line: line, envelope, total: total)
        return true
    }
}
