/// `embed` for clients that speak another API than the service's own. Vectors have length 1, as they expect.
struct EmbeddingsRoute: Sendable {
    let handler: RequestHandler

    /// - Throws: the first image's error, where all fail or the API has no place for it.
    func respond<Shape: EmbeddingsShape>(
        to asked: AuthorizedRequest, as _: Shape.Type
    ) async throws(ServiceError) -> HTTPResponse {
        let answer = try await handler.carryOut(.embed, for: asked) {
            (_, context) async throws(ServiceError) -> Result<HTTPResponse, ServiceError> in
            let content = try asked.content(limit: context.limits.payloadBytes)
            defer { content.release() }
            let shape = try Shape(JSONParser.parse(content.bytes), context.limits.image)
            return Self.answer(try await EmbedResult(shape.question, context), shape, context)
        }
        // The failures of images are on record; the request was carried out.
        return try answer.get()
    }

    private static func answer<Shape: EmbeddingsShape>(
        _ result: EmbedResult, _ shape: Shape, _ context: MethodContext
    ) -> Result<HTTPResponse, ServiceError> {
        let first = result.results.items.lazy.compactMap(\.failure).first
        if let failure = Shape.needsEveryImage ? first : result.failure { return .failure(failure) }
        let started = context.configuration.clock.now
        return .success(
            .json(.ok) { json in
                shape.write(result, context, to: &json)
                json.key("stamp")
                result.stamp.write(to: &json)
                let now = context.configuration.clock.now
                let times = Answer.Times(encode: now - started, total: now - context.received)
                Answer.write(times, result.times, to: &json)
                context.metrics.answered(times)
            })
    }
}
