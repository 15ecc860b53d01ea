import UnmaskImage

/// `POST /v1/embeddings`.
///
/// An image that fails leaves the others alone: its entry has a null embedding and an `error`.
struct OpenAIEmbeddings: EmbeddingsShape {
    static let needsEveryImage = false

    private let asked: OpenAIQuestion

    var question: Request { asked.request }

    init(_ body: JSONValue, _: ImageLimits) throws(ServiceError) {
        asked = try OpenAIQuestion(try Parameters(body, at: "body", allowing: OpenAIQuestion.members))
    }

    func write(_ result: EmbedResult, _ context: MethodContext, to json: inout JSONWriter) {
        asked.write(result, as: "embedding", vector: "embedding", to: &json)
    }
}

extension OpenAIQuestion {
    /// Writes a list of entries with a vector each.
    ///
    /// - Parameters:
    ///   - object: what the API calls an entry.
    ///   - vector: the member that has its numbers.
    func write(_ result: EmbedResult, as object: String, vector: String, to json: inout JSONWriter) {
        json.field("object", "list")
        json.key("data")
        json.array(of: result.results.items.enumerated()) { json, item in
            json.object { json in
                json.field("object", object)
                json.field("index", item.offset)
                json.key(vector)
                switch item.element {
                case .success(let embedding):
                    embedding.write(encoding.vectors, to: &json)
                case .failure(let error):
                    json.literal("null")
                    json.key("error")
                    HTTPError(error).write(to: &json)
                }
            }
        }
        json.field("model", result.model)
        json.key("usage")
        json.object { usage in
            usage.field("prompt_tokens", result.tokensSeen)
            usage.field("total_tokens", result.tokensSeen)
        }
    }
}
