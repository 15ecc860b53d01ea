/// The result of a method on images as it stands in the answer.
struct ImageReply<Body: Decodable>: Decodable {
    var results: [Entry]
    var timingUs: StageTimes
    var stamp: Stamp

    enum Entry: Decodable {
        case item(Body)
        case error(RemoteError)

        private enum CodingKeys: CodingKey { case error }

        init(from decoder: any Decoder) throws {
            if let error = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
                RemoteError.self, forKey: .error)
            {
                self = .error(error)
            } else {
                self = .item(try Body(from: decoder))
            }
        }
    }

    /// The results, each made of what stands in the line and of the frames.
    func results<Item>(_ make: (Body) throws -> Item) rethrows -> ImageResults<Item> {
        ImageResults(
            results: try results.map { entry in
                switch entry {
                case .item(let body): .success(try make(body))
                case .error(let error): .failure(error)
                }
            }, timing: timingUs, stamp: stamp)
    }
}

/// `{"frame":i}`.
struct FrameReference: Decodable {
    var frame: Int

    func bytes(of reply: ServiceReply) throws -> [UInt8] {
        guard reply.frames.indices.contains(frame) else {
            throw ServiceClientError.malformedReply("it names frame \(frame) and has \(reply.frames.count)")
        }
        return reply.frames[frame]
    }
}

struct EmbeddingBody: Decodable {
    var embedding: FrameReference
    var shape: [Int]

    /// Little-endian float32, row-major.
    func vector(of reply: ServiceReply) throws -> Vector {
        let bytes = try embedding.bytes(of: reply)
        let count = shape.reduce(1, &*)
        guard bytes.count == count &* 4 else {
            throw ServiceClientError.malformedReply("a vector of shape \(shape) has \(bytes.count) bytes")
        }
        let values = bytes.withUnsafeBytes { bytes in
            (0..<count).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        return Vector(values: values, shape: shape)
    }
}

struct CompareReply: Decodable {
    var cosine: Double?
}

struct ClassifyBody: Decodable {
    var labels: [Label]
}

struct SearchBody: Decodable {
    var neighbours: [Neighbour]
}

struct RowSearchReply: Decodable {
    var results: [SearchBody]
}

struct PictureReply: Decodable {
    var png: FrameReference
}

struct IndexDeletion: Decodable {
    var missing: [String]
}

struct SegmentBody: Decodable {
    var pixels: FrameReference
    var shape: [Int]
    var classes: [ClassShare]
}

struct ReconstructBody: Decodable {
    var png: FrameReference
    var shape: [Int]
    var patchErrors: [Float]
}
