import NIOCore

/// Another protocol than this one, told by how a line begins. What speaks it is to be told so and closed: a page in a
/// browser can send requests to a port of this machine, and its body must not be read as lines.
enum ForeignProtocol: Sendable, Equatable {
    case http
    case tls

    /// What the beginning of a connection or a line shows.
    ///
    /// - Parameters:
    ///   - line: what is there of the line, without its line feed.
    ///   - isComplete: whether that is all of it. Before it is, a TLS record is known, and HTTP is not.
    init?(_ line: ByteBufferView, isComplete: Bool) {
        if Self.isTLS(line) {
            self = .tls
        } else if isComplete, Self.isRequestLine(line) {
            self = .http
        } else {
            return nil
        }
    }

    /// Whether bytes begin as a handshake record of TLS 1.x, or SSL 3: text has no control characters.
    static func isTLS(_ bytes: ByteBufferView) -> Bool { bytes.starts(with: [0x16, 0x03]) }

    /// Whether a line is `METHOD TARGET HTTP/1.1`, or lacks the version as HTTP/0.9 did. No line of JSON is: where a
    /// word can stand at its beginning, nothing but punctuation may follow.
    private static func isRequestLine(_ line: ByteBufferView) -> Bool {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        let method = text.prefix(while: isMethodCharacter)
        let rest = text.dropFirst(method.count)
        guard (1...32).contains(method.count), rest.first == UInt8(ascii: " ") else { return false }
        let version = text.suffix(while: { $0 != UInt8(ascii: " ") })
        if version.starts(with: "HTTP/".utf8) { return true }
        let target = rest.drop { $0 == UInt8(ascii: " ") }
        let isUppercase = method.allSatisfy { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        return isUppercase && (target.starts(with: "/".utf8) || target.starts(with: "http".utf8))
    }

    /// A `tchar` that methods are written with.
    private static func isMethodCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    var error: ServiceError {
        switch self {
        case .http:
            ServiceError(
                .invalidRequest,
                "this port takes lines of JSON, and this is HTTP: use the address of --http; the connection is closed")
        case .tls:
            ServiceError(
                .invalidRequest,
                "this port speaks in the clear, and this is TLS: connect without TLS, or give the server a certificate "
                    + "(--tls-certificate, --tls-key); the connection is closed")
        }
    }
}

extension BidirectionalCollection {
    fileprivate func suffix(while isKept: (Element) -> Bool) -> SubSequence {
        guard let last = lastIndex(where: { !isKept($0) }) else { return self[...] }
        return self[index(after: last)...]
    }
}
