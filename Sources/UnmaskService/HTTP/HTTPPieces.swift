import NIOCore
import NIOHTTP1

/// Cuts a connection's bytes so that no piece has those of two requests, and reads in each request line what the parser
/// does not tell: which protocol it names. llhttp takes RTSP/1.0 and ICE/1.0 for HTTP/1.0.
struct HTTPPieces {
    private enum Place {
        case requestLine
        /// Headers, chunks with what they hold, and trailers.
        case lines
        case body(bytesLeft: Int)
    }

    private static let name = Array("HTTP/".utf8)

    private var place = Place.requestLine
    /// The beginning of what stands behind the last space of the request line.
    private var version: [UInt8] = []
    /// Whether nothing has come of the request line but the empty lines that may stand before it.
    private var isBlank = true
    /// Of the line that has not ended, outside of request lines and bodies.
    private var lineBytes = 0
    /// Whether a request line has come to its end that names another protocol.
    private(set) var isForeign = false

    /// Takes the next piece from the front of the bytes; nil where there are none.
    mutating func next(of bytes: inout ByteBuffer) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        let view = bytes.readableBytesView
        let length: Int
        switch place {
        case .requestLine:
            length = view.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 - view.startIndex } ?? view.count
            readRequestLine(view.prefix(length))
        case .lines:
            length = toEmptyLine(view)
        case .body(let bytesLeft):
            length = min(bytesLeft, view.count)
            // The parser says when it is over.
            place = length < bytesLeft ? .body(bytesLeft: bytesLeft - length) : .lines
        }
        return bytes.readSlice(length: length)
    }

    /// With an empty line ends a head, and so does what comes in chunks.
    private mutating func toEmptyLine(_ bytes: ByteBufferView) -> Int {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let length = lineBytes + (end - start)
            (start, lineBytes) = (end + 1, 0)
            // With nothing in it but a carriage return.
            if length <= 1 { return start - bytes.startIndex }
        }
        lineBytes += bytes.endIndex - start
        return bytes.count
    }

    /// The parser has read a head: what follows may be its body.
    mutating func headEnded(_ head: HTTPRequestHead) {
        let length = head.headers.contains(name: "transfer-encoding") ? nil : head.contentLength
        place = length.map { $0 > 0 ? .body(bytesLeft: $0) : .lines } ?? .lines
    }

    mutating func requestEnded() {
        place = .requestLine
        (version, isBlank) = ([], true)
    }

    private mutating func readRequestLine(_ line: ByteBufferView) {
        if isBlank { isBlank = line.allSatisfy { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") } }
        guard !isBlank else { return }
        var rest = line
        if let space = line.lastIndex(of: UInt8(ascii: " ")) {
            version = []
            rest = line[(space + 1)...]
        }
        version += rest.prefix(Self.name.count - version.count)
        guard line.last == UInt8(ascii: "\n") else { return }
        isForeign = version != Self.name
        place = .lines
    }
}
