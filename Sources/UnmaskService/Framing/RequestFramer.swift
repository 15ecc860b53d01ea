import NIOCore

/// Cuts a connection's bytes into requests: a line of JSON each, and the raw frames that the line announces.
///
/// Bytes go in as they arrive, in any pieces; events come out in order. Whatever the bytes are, it holds at most one
/// line and one payload within its limits, and goes on after every error at the next line that a correct client sends.
/// Empty lines are ignored.
struct RequestFramer {
    struct Limits: Sendable {
        var lineBytes: Int
        /// Of all frames of one request together.
        var payloadBytes: Int
        var frames: Int

        /// Why a request may not have frames of these lengths; nil where it may.
        func refusal(of request: Request, frames lengths: [Int]) -> RejectedRequest? {
            let bytes = lengths.reduce(0, +)
            guard bytes > payloadBytes || lengths.count > frames else { return nil }
            return RejectedRequest(
                id: request.id ?? .null,
                error: ServiceError(
                    .payloadTooLarge,
                    "the request announces \(bytes) bytes in \(lengths.count) frames, allowed are \(payloadBytes) bytes in "
                        + "\(frames) frames: send fewer or smaller images a request"))
        }
    }

    enum Event {
        case request(Request)
        case rejected(RejectedRequest)
        /// A line that belongs to another protocol; there is nothing to be read behind it.
        case foreign(ForeignProtocol)
    }

    private enum State {
        /// Waiting for the end of a line, of which `searched` bytes are known to hold none.
        case line(searched: Int)
        case skippingLine(EnvelopeScanner)
        case frames(Request, lengths: [Int])
        case skippingFrames(bytes: Int)
    }

    /// May be raised between two events.
    var limits: Limits
    private var state = State.line(searched: 0)
    private var buffer = ByteBuffer()

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether a request has begun and is not complete.
    var isWithinRequest: Bool {
        if case .line = state { bufferedBytes > 0 } else { true }
    }

    /// Whether a request's line is here, and its frames are not.
    var isAwaitingFrames: Bool { if case .frames = state { true } else { false } }

    /// The bytes that are held because they are not a whole request yet.
    var bufferedBytes: Int { buffer.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// The next event, or nil until more bytes are appended.
    mutating func next() -> Event? {
        while true {
            switch state {
            case .line(let searched):
                let (length, isComplete) = lineLength(after: searched)
                // Of a line that is too long, as much is looked at as would be, had the rest not come yet.
                let line = buffer.readableBytesView.prefix(min(length, limits.lineBytes + 1))
                if let foreign = ForeignProtocol(line, isComplete: isComplete || length > limits.lineBytes) {
                    buffer.clear()
                    state = .line(searched: 0)
                    return .foreign(foreign)
                }
                if length > limits.lineBytes { return rejectLine() }
                guard isComplete, let line = readLine(length) else {
                    state = .line(searched: length)
                    return nil
                }
                if let event = begin(line) { return event }
            case .skippingLine(let scanner):
                guard skipLine(scanner) else { return nil }
            case .frames(var request, let lengths):
                guard buffer.readableBytes >= lengths.reduce(0, +) else { return nil }
                request.frames = lengths.compactMap { buffer.readSlice(length: $0) }
                state = .line(searched: 0)
                return .request(request)
            case .skippingFrames(let bytes):
                let skipped = min(bytes, buffer.readableBytes)
                buffer.moveReaderIndex(forwardBy: skipped)
                state = skipped == bytes ? .line(searched: 0) : .skippingFrames(bytes: bytes - skipped)
                if skipped < bytes { return nil }
            }
        }
    }

    /// The last event, at the end of the stream: a line without its line feed counts, frames that are missing do not.
    mutating func finish() -> Event? {
        switch state {
        case .line where buffer.readableBytes > 0:
            buffer.writeStaticString("\n")
            return next() ?? finish()
        case .frames(let request, let lengths):
            let rejected = RejectedRequest.invalid(
                request.id ?? .null,
                "bytes announced \(lengths.reduce(0, +)) bytes of frames, the stream ended after \(bufferedBytes)")
            state = .line(searched: 0)
            buffer.clear()
            return .rejected(rejected)
        case .line, .skippingLine, .skippingFrames:
            return nil
        }
    }

    private func lineLength(after searched: Int) -> (length: Int, isComplete: Bool) {
        let bytes = buffer.readableBytesView
        let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: UInt8(ascii: "\n"))
        return ((end ?? bytes.endIndex) - bytes.startIndex, end != nil)
    }

    private mutating func readLine(_ length: Int) -> ByteBuffer? {
        guard let line = buffer.readSlice(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        return line
    }

    /// Goes on after a complete line, with an event if it already makes one.
    private mutating func begin(_ line: ByteBuffer) -> Event? {
        state = .line(searched: 0)
        let isBlank = line.readableBytesView.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        if isBlank { return nil }
        let parsed = RequestLine(parsing: line)
        let total = parsed.frameLengths.reduce(0, +)
        switch parsed.request {
        case .failure(let rejected):
            state = .skippingFrames(bytes: total)
            return .rejected(rejected)
        case .success(var request):
            request.size = line.readableBytes + total
            if let refusal = limits.refusal(of: request, frames: parsed.frameLengths) {
                state = .skippingFrames(bytes: total)
                return .rejected(refusal)
            }
            state = .frames(request, lengths: parsed.frameLengths)
            return nil
        }
    }

    /// Refuses the line at once, with the id if it came within what is already here, and skips the rest of it.
    private mutating func rejectLine() -> Event {
        var scanner = EnvelopeScanner()
        let (length, _) = lineLength(after: 0)
        scanner.consume(buffer.readableBytesView.prefix(length))
        buffer.moveReaderIndex(forwardBy: length)
        state = .skippingLine(scanner)
        let error = ServiceError(
            .lineTooLong, "the line is longer than \(limits.lineBytes) bytes: send images as frames or as paths")
        return .rejected(RejectedRequest(id: scanner.id, error: error))
    }

    /// Returns false when the line goes on beyond what is here.
    private mutating func skipLine(_ scanner: EnvelopeScanner) -> Bool {
        var scanner = scanner
        let (length, isComplete) = lineLength(after: 0)
        scanner.consume(buffer.readableBytesView.prefix(length))
        buffer.moveReaderIndex(forwardBy: isComplete ? length + 1 : length)
        state = isComplete ? .skippingFrames(bytes: scanner.frameLengths.reduce(0, +)) : .skippingLine(scanner)
        return isComplete
    }
}
