import CUnmaskZlib
import NIOCore
import NIOHTTP1

/// How a body is compressed (`Content-Encoding`).
enum HTTPContentCoding {
    case identity
    case gzip
    /// zlib's format, as HTTP has it.
    case deflate

    /// - Throws: 415 by name for any other, and for several.
    init(_ head: HTTPRequestHead) throws(HTTPError) {
        let codings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
        switch codings.filter({ !$0.isEmpty && $0 != "identity" }) {
        case []: self = .identity
        case ["gzip"], ["x-gzip"]: self = .gzip
        case ["deflate"]: self = .deflate
        case let others:
            throw HTTPError(
                .unsupportedMediaType, "encoding_unsupported",
                "Content-Encoding may be one of gzip, deflate and identity, found "
                    + JSONValue.string(others.joined(separator: ", ")).summary)
        }
    }

    fileprivate var wrapper: unmask_wrapper? {
        switch self {
        case .identity: nil
        case .gzip: UNMASK_WRAPPER_GZIP
        case .deflate: UNMASK_WRAPPER_ZLIB
        }
    }
}

/// A body as it was before it was compressed. What that takes beyond the bytes that came is on the connection's account.
struct HTTPContent: Sendable {
    /// Inflated at a time.
    private static let step = 64 << 10

    private(set) var bytes: ByteBuffer
    private let account: ByteAccount
    private var added = 0

    /// - Parameter limit: on the bytes after inflation; a body that would have more is refused when it reaches it.
    /// - Throws: also `overloaded`, where all connections together hold too much to go on.
    init(
        _ body: ByteBuffer, _ coding: HTTPContentCoding, limit: Int, _ account: ByteAccount
    ) throws(ServiceError) {
        self.account = account
        guard let wrapper = coding.wrapper else {
            bytes = body
            return
        }
        bytes = ByteBuffer()
        do throws(ServiceError) {
            let status = try body.withUnsafeReadableBytes { source throws(ServiceError) in
                try inflate(source, wrapper, limit)
            }
            try Self.check(status, coding)
        } catch {
            release()
            throw error
        }
    }

    /// To be called when the bytes are no longer needed.
    func release() { account.remove(added) }

    private mutating func inflate(
        _ source: UnsafeRawBufferPointer, _ wrapper: unmask_wrapper, _ limit: Int
    ) throws(ServiceError) -> unmask_inflate_status {
        guard let inflater = unmask_inflater_open(wrapper, source.baseAddress, source.count) else { throw .noRoom }
        defer { unmask_inflater_close(inflater) }
        var status = UNMASK_INFLATE_MORE
        while status == UNMASK_INFLATE_MORE {
            guard !Task.isCancelled else { throw .cancelled }
            guard !account.bank.isFull else { throw .noRoom }
            // One byte beyond the limit tells whether there are more.
            let room = min(Self.step, limit + 1 - bytes.readableBytes)
            let written = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                var written = 0
                status = unmask_inflater_next(inflater, target.baseAddress, room, &written)
                return written
            }
            account.add(written)
            added += written
            guard bytes.readableBytes <= limit else { throw .bodyTooLarge(limit) }
        }
        return status
    }

    private static func check(
        _ status: unmask_inflate_status, _ coding: HTTPContentCoding
    ) throws(ServiceError) {
        let fault: String
        switch status {
        case UNMASK_INFLATE_DONE: return
        case UNMASK_INFLATE_TRUNCATED: fault = "ends early"
        case UNMASK_INFLATE_TRAILING: fault = "has bytes behind its end"
        default: fault = "is damaged, or in another format"
        }
        let format = coding == .gzip ? "gzip (RFC 1952)" : "deflate (zlib's format, RFC 1950)"
        throw ServiceError(.invalidRequest, "the body is to be \(format) by its Content-Encoding, and \(fault)")
    }
}
