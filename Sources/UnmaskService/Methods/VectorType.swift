import NIOCore

/// The number type of vectors in an answer.
enum VectorType: String, Sendable, CaseIterable {
    case f32, f16, int8
}

/// A vector in the numbers that an answer carries.
struct EncodedVector {
    private enum Numbers {
        case f32([Float])
        case f16([Float16])
        case int8([Int8])
    }

    private let numbers: Numbers
    /// What an int8 is multiplied with to give the number back, one for each row of the shape's last dimension; else
    /// empty.
    let scales: [Float]

    /// int8 is symmetric: of each row, the largest magnitude becomes 127.
    init(_ embedding: EmbeddingOutput, as type: VectorType) {
        switch type {
        case .f32: (numbers, scales) = (.f32(embedding.values), [])
        case .f16: (numbers, scales) = (.f16(embedding.values.map(Float16.init)), [])
        case .int8:
            let width = max(1, embedding.shape.last ?? 1)
            var (quantised, scales): ([Int8], [Float]) = ([], [])
            quantised.reserveCapacity(embedding.values.count)
            for start in stride(from: 0, to: embedding.values.count, by: width) {
                let row = embedding.values[start..<min(start + width, embedding.values.count)]
                let scale = row.reduce(0) { max($0, abs($1)) } / 127
                scales.append(scale)
                quantised += row.map { scale > 0 ? Int8(max(-127, min(127, ($0 / scale).rounded()))) : 0 }
            }
            (numbers, self.scales) = (.int8(quantised), scales)
        }
    }

    /// As JSON numbers, or as bytes, little-endian.
    func write(_ encoding: VectorEncoding, to json: inout JSONWriter, frames: inout AnswerFrames) {
        switch encoding {
        case .json:
            switch numbers {
            case .f32(let values): json.array(of: values) { $0.value($1) }
            case .f16(let values): json.array(of: values) { $0.value(Float($1)) }
            case .int8(let values): json.array(of: values) { $0.value($1) }
            }
        case .base64: BinaryEncoding.base64.write(bytes, to: &json, frames: &frames)
        case .frame: BinaryEncoding.frame.write(bytes, to: &json, frames: &frames)
        }
    }

    private var bytes: ByteBuffer {
        switch numbers {
        // Closures: a key path of two steps is looked up at run time, number by number.
        case .f32(let values): Self.bytes(of: values.map { $0.bitPattern.littleEndian })
        case .f16(let values): Self.bytes(of: values.map { $0.bitPattern.littleEndian })
        case .int8(let values): Self.bytes(of: values)
        }
    }

    private static func bytes<Number>(of numbers: [Number]) -> ByteBuffer {
        numbers.withUnsafeBytes { ByteBuffer(bytes: $0) }
    }
}
