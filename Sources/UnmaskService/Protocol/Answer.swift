import NIOCore

/// A method's result, ready to be written: the members of a JSON object, and the frames that they refer to.
protocol MethodResult: Sendable {
    /// Of the image that was finished last; nil for a method without images.
    var times: StageTimes? { get }
    /// The first image's error, where every image has one.
    var failure: ServiceError? { get }
    func write(to json: inout JSONWriter, frames: inout AnswerFrames)
}

extension MethodResult {
    var times: StageTimes? { nil }
    var failure: ServiceError? { nil }
}

/// The raw frames that follow an answer's line.
struct AnswerFrames {
    fileprivate(set) var buffers: [ByteBuffer] = []

    /// Adds a frame and writes `{"frame":i}` where its content would stand.
    mutating func append(_ bytes: ByteBuffer, referredToIn json: inout JSONWriter) {
        let index = buffers.count
        json.object { $0.field("frame", index) }
        buffers.append(bytes)
    }
}

/// The bytes of an answer: one line, and the frames that its `bytes` member announces.
enum Answer {
    struct Encoded {
        var bytes: ByteBuffer
        var times: Times
    }

    struct Times {
        /// How long writing took.
        var encode: Duration
        /// From the last byte of the request.
        var total: Duration
    }

    static func result(
        _ result: any MethodResult, id: RequestID, isJSONRPC: Bool, received: ContinuousClock.Instant,
        by clock: any ServiceClock
    ) -> Encoded {
        var times = Times(encode: .zero, total: .zero)
        let bytes = encoded(id: id, isJSONRPC: isJSONRPC) { json, frames in
            json.key("result")
            json.object { times = write(result, received: received, by: clock, to: &$0, frames: &frames) }
        }
        return Encoded(bytes: bytes, times: times)
    }

    /// Writes a result's members. It ends in `timing_us`: the stages of its images, and `total`, which runs from the last
    /// byte of the request to this line.
    static func write(
        _ result: any MethodResult, received: ContinuousClock.Instant, by clock: any ServiceClock,
        to json: inout JSONWriter, frames: inout AnswerFrames
    ) -> Times {
        let started = clock.now
        result.write(to: &json, frames: &frames)
        let now = clock.now
        let times = Times(encode: now - started, total: now - received)
        write(times, result.times, to: &json)
        return times
    }

    static func write(_ times: Times, _ stages: StageTimes?, to json: inout JSONWriter) {
        json.key("timing_us")
        json.object { json in
            if let stages {
                json.field("queue", stages.queue.microseconds)
                json.field("decode", stages.decode.microseconds)
                json.field("inference", stages.inference.microseconds)
                json.field("encode", times.encode.microseconds)
            }
            json.field("total", times.total.microseconds)
        }
    }

    static func error(_ error: ServiceError, id: RequestID, isJSONRPC: Bool = false) -> ByteBuffer {
        encoded(id: id, isJSONRPC: isJSONRPC) { json, _ in
            json.key("error")
            error.write(to: &json)
        }
    }

    private static func encoded(
        id: RequestID, isJSONRPC: Bool, _ content: (inout JSONWriter, inout AnswerFrames) -> Void
    ) -> ByteBuffer {
        var json = JSONWriter()
        var frames = AnswerFrames()
        json.object { json in
            if isJSONRPC { json.field("jsonrpc", "2.0") }
            json.key("id")
            id.write(to: &json)
            content(&json, &frames)
            if !frames.buffers.isEmpty {
                json.key("bytes")
                json.array(of: frames.buffers) { $0.value($1.readableBytes) }
            }
        }
        var bytes = json.buffer
        bytes.writeStaticString("\n")
        for frame in frames.buffers { bytes.writeImmutableBuffer(frame) }
        return bytes
    }
}
