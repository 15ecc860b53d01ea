import UnmaskImage

/// One API's way to ask for the vectors of images, and to be answered.
protocol EmbeddingsShape: Sendable {
    /// Whether an image that fails is the failure of all: the answer has no place for its error.
    static var needsEveryImage: Bool { get }

    /// The same question in the service's own protocol, which alone decides what is acceptable.
    var question: Request { get }

    /// - Parameter limits: those that images are read with.
    /// - Throws: `invalid_params` for what the API has and this server does not do, by name.
    init(_ body: JSONValue, _ limits: ImageLimits) throws(ServiceError)

    /// Writes the members of the answer.
    func write(_ result: EmbedResult, _ context: MethodContext, to json: inout JSONWriter)
}

extension Request {
    /// `embed` as the APIs mean it: vectors of length 1.
    ///
    /// - Parameters:
    ///   - dimensions: nil for all.
    static func embed(
        _ images: [RequestBytes], model: String?, dimensions: Int?, budget: [String: JSONValue] = [:]
    ) -> Request {
        var framed = FramedImages()
        let elements = images.map { framed.member($0) }
        var params: [String: JSONValue] = ["images": .array(elements), "normalize": .bool(true)]
        if let model { params["model"] = .string(model) }
        params.merge(budget) { _, own in own }
        if let dimensions { params["dimensions"] = .number(String(dimensions)) }
        return Request(isJSONRPC: false, method: Method.embed.rawValue, params: .object(params), frames: framed.frames)
    }
}

extension EmbedResult {
    /// Patches are what an image has for tokens, with those that the model puts in front.
    var tokensSeen: Int { results.items.count * (stamp.tokens + prefix) }
}

/// How the APIs' clients ask for a vector's numbers.
enum EmbeddingEncoding: String, CaseIterable, Sendable {
    case float, base64

    var vectors: VectorEncoding { self == .float ? .json : .base64 }
}

extension EmbeddingOutput {
    /// JSON numbers, or base64 of little-endian float32.
    func write(_ encoding: VectorEncoding, to json: inout JSONWriter) {
        var none = AnswerFrames()
        EncodedVector(self, as: .f32).write(encoding, to: &json, frames: &none)
    }
}
