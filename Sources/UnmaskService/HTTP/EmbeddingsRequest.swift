import NIOCore

/// The body of `POST /v1/embeddings`, in OpenAI's shape with images as Infinity takes them.
struct EmbeddingsRequest {
    enum Encoding: String, CaseIterable {
        case float, base64
    }

    private enum Modality: String, CaseIterable {
        case image
    }

    /// What Infinity's clients say where they name no model.
    private static let defaultModel = "default/not-specified"

    let encoding: Encoding
    /// The same question in the service's own protocol, which alone decides what is acceptable.
    let embed: Request

    init(_ body: ByteBuffer) throws(ServiceError) {
        let value = try body.withUnsafeReadableBytes { bytes throws(ServiceError) in try JSONParser.parse(bytes) }
        let parameters = try Parameters(
            value, at: "body", allowing: ["model", "input", "encoding_format", "dimensions", "modality", "user"])
        encoding = try parameters.choice("encoding_format") ?? .float
        _ = try parameters.choice("modality", Modality.self)
        _ = try parameters.string("user")

        var params: [String: JSONValue] = ["normalize": .bool(true)]
        params["images"] = .array(try Self.images(parameters))
        if let model = try parameters.string("model"), model != Self.defaultModel { params["model"] = .string(model) }
        // 0 is Infinity's way to say "all of them".
        if let dimensions = try parameters.integer("dimensions", in: 0...Int.max), dimensions > 0 {
            params["dimensions"] = .number(String(dimensions))
        }
        embed = Request(isJSONRPC: false, method: Method.embed.rawValue, params: .object(params))
    }

    private static func images(_ parameters: Parameters) throws(ServiceError) -> [JSONValue] {
        switch parameters["input"] {
        case .string(let uri): return [try image(uri, at: "input")]
        case .array(let elements) where !elements.isEmpty:
            var images: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                guard case .string(let uri) = element else {
                    throw parameters.mismatch("input[\(index)]", "an image as a string", found: element.summary)
                }
                images.append(try image(uri, at: "input[\(index)]"))
            }
            return images
        default:
            throw parameters.mismatch("input", "one image, or an array of them, as data:image/jpeg;base64,… strings")
        }
    }

    private static func image(_ uri: String, at place: String) throws(ServiceError) -> JSONValue {
        .object(["base64": .string(try DataURI(uri, at: place).base64)])
    }
}
