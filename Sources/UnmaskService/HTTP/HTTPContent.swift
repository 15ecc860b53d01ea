import CUnmaskZlib
import NIOCore

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
        guard let inflater = unmask_inflater_open(wrapper, source.baseAddress, source.count) else { throw Self.noRoom }
        defer { unmask_inflater_close(inflater) }
        var status = UNMASK_INFLATE_MORE
        while status == UNMASK_INFLATE_MORE {
            guard !Task.isCancelled else { throw .cancelled }
            guard !account.bank.isFull else { throw Self.noRoom }
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

    private static let noRoom = ServiceError(
        .overloaded,
        "there is no room to inflate the body now, for the bytes that all connections hold: try again, with smaller "
            + "requests", retryAfterMilliseconds: 1000)

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
