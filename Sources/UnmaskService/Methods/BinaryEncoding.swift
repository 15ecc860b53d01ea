import Foundation
import NIOCore

/// How an answer carries bytes.
enum BinaryEncoding: String, Sendable, CaseIterable {
    case base64, frame

    func write(_ bytes: ByteBuffer, to json: inout JSONWriter, frames: inout AnswerFrames) {
        switch self {
        case .base64: json.value(unescaped: Data(bytes.readableBytesView).base64EncodedData())
        case .frame: frames.append(bytes, referredToIn: &json)
        }
    }
}

/// How an answer carries vectors.
enum VectorEncoding: String, Sendable, CaseIterable {
    /// Plain JSON numbers; a vector of vectors is one flat array.
    case json
    /// Little-endian float32.
    case base64, frame

    func write(_ values: [Float], to json: inout JSONWriter, frames: inout AnswerFrames) {
        switch self {
        case .json: json.array(of: values) { $0.value($1) }
        case .base64: BinaryEncoding.base64.write(Self.bytes(of: values), to: &json, frames: &frames)
        case .frame: BinaryEncoding.frame.write(Self.bytes(of: values), to: &json, frames: &frames)
        }
    }

    private static func bytes(of values: [Float]) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: values.count * MemoryLayout<Float>.size)
        for value in values { buffer.writeInteger(value.bitPattern, endianness: .little) }
        return buffer
    }
}

/// The number type of vectors.
enum VectorType: String, Sendable, CaseIterable {
    case f32
}
