import Foundation
import NIOCore

/// `POST /v1/embeddings`: `embed` for clients that speak OpenAI's API. Vectors have length 1, as its clients expect.
///
/// An image that fails leaves the others alone: its entry has a null embedding and an `error`. Where all fail, the
/// answer is the first one's error.
struct EmbeddingsRoute: Sendable {
    let handler: RequestHandler

    func respond(
        to request: HTTPRequest, _ access: ConnectionAccess, from peer: String
    ) async throws(ServiceError) -> HTTPResponse {
        let trace = request.head.headers.first(name: "traceparent").flatMap(TraceContext.init)
        return try await handler.carryOut(
            Method.embed.rawValue, from: ConnectionState(access, over: .http, from: peer), trace: trace,
            received: request.received
        ) { (_, context) async throws(ServiceError) -> HTTPResponse in
            let question = try EmbeddingsRequest(request.body)
            let result = try await EmbedResult(question.embed, context)
            return result.openAIResponse(question.encoding, context)
        }
    }
}

extension EmbedResult {
    fileprivate func openAIResponse(
        _ encoding: EmbeddingsRequest.Encoding, _ context: MethodContext
    ) -> HTTPResponse {
        let failures = results.items.compactMap(\.failure)
        if let first = failures.first, failures.count == results.items.count { return OpenAIError(first).response }
        let started = context.configuration.clock.now
        return .json(.ok) { json in
            write(to: &json, encoding)
            let now = context.configuration.clock.now
            let (encode, total) = (now - started, now - context.received)
            Answer.writeTimes(times, encode: encode, total: total, to: &json)
            context.metrics.answered(encode: encode, total: total)
        }
    }

    private func write(to json: inout JSONWriter, _ encoding: EmbeddingsRequest.Encoding) {
        json.field("object", "list")
        json.key("data")
        json.array(of: results.items.enumerated()) { json, item in
            json.object { json in
                json.field("object", "embedding")
                json.field("index", item.offset)
                json.key("embedding")
                switch item.element {
                case .success(let embedding):
                    encoding.write(embedding, to: &json)
                case .failure(let error):
                    json.literal("null")
                    json.key("error")
                    OpenAIError(error).write(to: &json)
                }
            }
        }
        json.field("model", model)
        // Patches are what an image has for tokens.
        let tokens = results.items.count * (stamp.tokens + 1)
        json.key("usage")
        json.object { usage in
            usage.field("prompt_tokens", tokens)
            usage.field("total_tokens", tokens)
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}

extension EmbeddingsRequest.Encoding {
    fileprivate func write(_ embedding: EmbeddingOutput, to json: inout JSONWriter) {
        var none = AnswerFrames()
        EncodedVector(embedding, as: .f32).write(self == .float ? .json : .base64, to: &json, frames: &none)
    }
}
