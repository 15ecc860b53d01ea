public import NIOCore

/// An input of the fuzzer as a stream that arrives in pieces: the first byte says how it is cut.
public struct Stream {
    public let whole: ByteBuffer
    public let pieces: [ByteBuffer]

    public init?(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
        guard let bytes, count > 0 else { return nil }
        let size = max(1, Int(bytes[0]))
        whole = ByteBuffer(bytes: UnsafeBufferPointer(start: bytes + 1, count: count - 1))
        var (rest, pieces) = (whole, [ByteBuffer]())
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(ByteBuffer(bytes: piece.readableBytesView))
        }
        self.pieces = pieces
    }
}
