import UnmaskImage

/// Cohere's `POST /v1/embed`.
struct CohereEmbedV1: EmbeddingsShape {
    static let needsEveryImage = true

    private let asked: CohereQuestion

    var question: Request { asked.request }

    init(_ body: JSONValue, _ limits: ImageLimits) throws(ServiceError) {
        let parameters = try Parameters(body, at: "body", allowing: CohereQuestion.members)
        try CohereQuestion.refuseTexts(parameters)
        asked = try CohereQuestion(parameters, images: try CohereQuestion.images(parameters), limits, unasked: nil)
    }

    func write(_ result: EmbedResult, _ context: MethodContext, to json: inout JSONWriter) {
        asked.write(result, context.limits.image, version: "1", to: &json)
    }
}

/// Cohere's `POST /v2/embed`: images as in the first version, or in the content of `inputs`.
struct CohereEmbedV2: EmbeddingsShape {
    static let needsEveryImage = true

    private let asked: CohereQuestion

    var question: Request { asked.request }

    init(_ body: JSONValue, _ limits: ImageLimits) throws(ServiceError) {
        let parameters = try Parameters(
            body, at: "body", allowing: CohereQuestion.members + ["inputs", "output_dimension"])
        try CohereQuestion.refuseTexts(parameters)
        asked = try CohereQuestion(parameters, images: try Self.images(parameters), limits, unasked: [.float])
    }

    private static func images(_ parameters: Parameters) throws(ServiceError) -> [RequestBytes] {
        guard let (name, value) = try parameters.only(of: ["images", "inputs"]), name == "inputs" else {
            return try CohereQuestion.images(parameters)
        }
        guard case .array(let elements) = value, !elements.isEmpty else {
            throw parameters.mismatch(name, "an array of at least one {\"content\":[…]}")
        }
        var images: [RequestBytes] = []
        for (index, element) in elements.enumerated() {
            let place = "\(parameters.place).inputs[\(index)]"
            let input = try Parameters(element, at: place, allowing: ["content"])
            images.append(try ImageContent.image(of: input["content"], at: "\(place).content"))
        }
        return images
    }

    func write(_ result: EmbedResult, _ context: MethodContext, to json: inout JSONWriter) {
        asked.write(result, context.limits.image, version: "2", to: &json)
    }
}
