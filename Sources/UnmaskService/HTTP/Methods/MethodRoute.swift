import NIOCore
import NIOHTTP1

/// A method of the service under a path of its own: what it is asked is in the query and the body, and its result the answer.
struct MethodRoute: Sendable {
    let handler: RequestHandler

    /// - Throws: the first image's error, where all fail.
    func respond(to asked: AuthorizedRequest, _ method: Method) async throws(ServiceError) -> HTTPResponse {
        let answer = try await handler.carryOut(method, for: asked) {
            (method, context) async throws(ServiceError) -> Result<HTTPResponse, ServiceError> in
            let form = try MethodAnswer(asked.request.head, of: method)
            let content = try asked.content(limit: context.limits.payloadBytes)
            defer { content.release() }
            let question = try MethodQuestion(asked.request.head, content.bytes)
            let request = try question.request(method, isAnsweredByBytes: form != .json)
            let result = try await handler.result(method, request, context)
            if let failure = result.failure { return .failure(failure) }
            return .success(Self.answer(result, form, context))
        }
        // The failures of images are on record; the request was carried out.
        return try answer.get()
    }

    static func answer(
        _ result: any MethodResult, _ form: MethodAnswer, _ context: MethodContext
    ) -> HTTPResponse {
        var frames = AnswerFrames()
        let json = HTTPResponse.json(.ok) { json in
            let times = Answer.write(
                result, received: context.received, by: context.configuration.clock, to: &json, frames: &frames)
            context.metrics.answered(times)
        }
        guard form != .json, let bytes = frames.buffers.first else { return json }
        return HTTPResponse(.ok, form.rawValue, bytes)
    }
}
