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
    /// Little-endian bytes of the vector's type.
    case base64, frame

    /// What a number takes in an answer, at most.
    func bytes(of type: VectorType) -> Int {
        switch (self, type) {
        case (.json, .int8): 5
        case (.json, _): 16
        case (.base64, .f32): 6
        case (.base64, .f16): 3
        case (.base64, .int8): 2
        case (.frame, .f32): 4
        case (.frame, .f16): 2
        case (.frame, .int8): 1
        }
    }
}
