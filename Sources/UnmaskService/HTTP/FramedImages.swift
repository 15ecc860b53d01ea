import NIOCore

/// Images as the service's own protocol has them, and the frames that they refer to.
struct FramedImages {
    private(set) var frames: [ByteBuffer] = []

    mutating func member(_ image: RequestBytes) -> JSONValue {
        switch image {
        case .base64(let text): return .object(["base64": .string(text)])
        case .frame(let bytes):
            frames.append(bytes)
            return .object(["frame": .number(String(frames.count - 1))])
        }
    }
}
