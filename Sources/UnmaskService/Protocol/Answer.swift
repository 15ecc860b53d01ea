import NIOCore

/// A method's result, ready to be written: a JSON object, and the frames that it refers to.
protocol MethodResult: Sendable {
    func write(to json: inout JSONWriter, frames: inout AnswerFrames)
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
    static func result(_ result: any MethodResult, id: RequestID, isJSONRPC: Bool) -> ByteBuffer {
        encode(id: id, isJSONRPC: isJSONRPC) { json, frames in
            json.key("result")
            result.write(to: &json, frames: &frames)
        }
    }

    static func error(_ error: ServiceError, id: RequestID, isJSONRPC: Bool = false) -> ByteBuffer {
        encode(id: id, isJSONRPC: isJSONRPC) { json, _ in
            json.key("error")
            error.write(to: &json)
        }
    }

    private static func encode(
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
