/// What `/v1/embeddings` and `/pooling` are asked: OpenAI's members, Infinity's, Jina's, vLLM's `messages`, and `embed`'s
/// own that say what an image may cost.
struct OpenAIQuestion: Sendable {
    private enum Modality: String, CaseIterable {
        case image
    }

    static let members =
        [
            "model", "input", "messages", "encoding_format", "embedding_type", "dimensions", "modality", "user",
        ] + Parameters.budgetMembers
    /// What Infinity's clients say where they name no model.
    private static let defaultModel = "default/not-specified"

    let encoding: EmbeddingEncoding
    let request: Request

    init(_ parameters: Parameters) throws(ServiceError) {
        let encodingName = try parameters.only(of: ["encoding_format", "embedding_type"])?.name ?? "encoding_format"
        encoding = try parameters.choice(encodingName) ?? .float
        _ = try parameters.choice("modality", Modality.self)
        _ = try parameters.string("user")
        let model = try parameters.string("model")
        // 0 is Infinity's way to say "all of them".
        let dimensions = try parameters.integer("dimensions", in: 0...Int.max)
        request = .embed(
            try Self.images(parameters), model: model == Self.defaultModel ? nil : model,
            dimensions: dimensions == 0 ? nil : dimensions,
            budget: Dictionary(
                uniqueKeysWithValues: Parameters.budgetMembers.compactMap { name in
                    parameters[name].map { (name, $0) }
                }))
    }

    private static func images(_ parameters: Parameters) throws(ServiceError) -> [RequestBytes] {
        guard let (name, value) = try parameters.only(of: ["input", "messages"]) else {
            throw parameters.mismatch("input", "one image or an array of them, as data:image/jpeg;base64,… strings")
        }
        let place = "\(parameters.place).\(name)"
        if name == "messages" { return [try ImageContent.image(ofConversation: value, at: place)] }
        guard case .array(let elements) = value else { return [try ImageReference.read(value, at: place)] }
        guard !elements.isEmpty else { throw parameters.mismatch(name, "one image, or an array of at least one") }
        return try ImageReference.read(all: elements, at: place)
    }
}
