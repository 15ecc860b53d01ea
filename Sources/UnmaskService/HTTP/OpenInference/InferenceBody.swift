import NIOCore
import NIOHTTP1

/// The body of a request for inference: JSON, and behind it the bytes of those tensors whose numbers are not in it.
struct InferenceBody {
    static let lengthHeader = "inference-header-content-length"

    let json: JSONValue
    /// What no tensor has taken yet.
    private var bytes = ByteBuffer()

    /// - Parameter content: of the body, after inflation.
    init(_ head: HTTPRequestHead, _ content: ByteBuffer) throws(ServiceError) {
        let lengths = head.headers[Self.lengthHeader]
        guard !lengths.isEmpty else {
            json = try JSONParser.parse(content)
            return
        }
        bytes = content
        guard lengths.count == 1, lengths[0].utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let length = Int(lengths[0]), length <= content.readableBytes, let line = bytes.readSlice(length: length)
        else {
            throw ServiceError(
                .invalidRequest,
                "Inference-Header-Content-Length must be the length of the JSON in front of the tensors, at most the "
                    + "\(content.readableBytes) bytes of the body, found "
                    + JSONValue.string(lengths.joined(separator: ", ")).summary)
        }
        json = try JSONParser.parse(line)
    }

    /// The next bytes, which are a tensor's.
    ///
    /// - Parameter place: what says how many they are.
    mutating func take(_ count: Int, for place: String) throws(ServiceError) -> ByteBuffer {
        let left = bytes.readableBytes
        guard count <= left, let taken = bytes.readSlice(length: count) else {
            throw ServiceError(
                .invalidRequest,
                "\(place) is \(count), and the body has \(left) more bytes behind its JSON, which ends where "
                    + "Inference-Header-Content-Length says")
        }
        return taken
    }

    /// - Throws: where the body has bytes that are no tensor's.
    func checkEnd() throws(ServiceError) {
        guard bytes.readableBytes == 0 else {
            throw ServiceError(
                .invalidRequest,
                "the body has \(bytes.readableBytes) bytes more than binary_data_size of its inputs says")
        }
    }
}
