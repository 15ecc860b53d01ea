import Foundation
import UnmaskImage

/// vLLM's `POST /pooling`: the question of `/v1/embeddings`, where `task` may say that vectors are asked for.
struct PooledEmbeddings: EmbeddingsShape {
    private enum Task: String, CaseIterable {
        case embed
    }

    static let needsEveryImage = false

    private let asked: OpenAIQuestion

    var question: Request { asked.request }

    init(_ body: JSONValue, _: ImageLimits) throws(ServiceError) {
        let parameters = try Parameters(body, at: "body", allowing: OpenAIQuestion.members + ["task"])
        _ = try parameters.choice("task", Task.self)
        asked = try OpenAIQuestion(parameters)
    }

    func write(_ result: EmbedResult, _ context: MethodContext, to json: inout JSONWriter) {
        json.field("id", "pool-" + UUID().uuidString.lowercased())
        json.field("created", Int(Date().timeIntervalSince1970))
        asked.write(result, as: "pooling", vector: "data", to: &json)
    }
}
