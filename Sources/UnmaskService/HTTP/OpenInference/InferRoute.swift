import NIOCore
import NIOHTTP1

/// `POST /v2/models/NAME/infer`: the tensors that a request asks for, each by the method that gives it.
struct InferRoute: Sendable {
    let handler: RequestHandler

    func respond(to asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        let content: HTTPContent
        let name: String
        let question: InferenceQuestion
        do throws(ServiceError) {
            name = try HTTPRoute.inferenceModel(inURI: asked.request.head.uri)
            content = try asked.content(limit: handler.configuration.limits.payloadBytes)
        } catch {
            handler.refused(error, from: asked.connection.peer)
            throw error
        }
        defer { content.release() }
        do throws(ServiceError) {
            let model = try await handler.models.model(named: name)
            question = try InferenceQuestion(
                InferenceBody(asked.request.head, content.bytes), of: name, model.description.interface,
                limit: handler.configuration.limits.imagesPerRequest)
        } catch {
            // What it asks of which method is not known.
            handler.refused(error, from: asked.connection.peer)
            throw error
        }
        var tensors: [InferenceTensor] = []
        for output in question.outputs { tensors.append(try await tensor(output, question, asked)) }
        return answer(tensors, name, question, received: asked.request.received)
    }

    private func tensor(
        _ output: TensorOutput, _ question: InferenceQuestion, _ asked: AuthorizedRequest
    ) async throws(ServiceError) -> InferenceTensor {
        let tensor = try await handler.carryOut(output.kind.method, for: asked) {
            (_, context) async throws(ServiceError) -> Result<InferenceTensor, ServiceError> in
            let request = question.request(output)
            switch output.kind {
            case .embedding, .tokens:
                let result = try await EmbedResult(request, context)
                return Result { () throws(ServiceError) in try InferenceTensor(output, result) }
            case .scores:
                let result = try await ClassifyResult(request, context)
                return Result { () throws(ServiceError) in try InferenceTensor(output, result) }
            }
        }
        // The failures of images are on record; the request was carried out.
        return try tensor.get()
    }

    private func answer(
        _ tensors: [InferenceTensor], _ name: String, _ question: InferenceQuestion,
        received: ContinuousClock.Instant
    ) -> HTTPResponse {
        let clock = handler.configuration.clock
        let started = clock.now
        var binary: [ByteBuffer] = []
        var response = HTTPResponse.json(.ok) { json in
            json.field("model_name", name)
            json.field("model_version", InferencePath.version)
            if let id = question.id {
                json.key("id")
                id.write(to: &json)
            }
            json.key("outputs")
            json.array(of: zip(tensors, question.outputs)) { json, pair in
                pair.0.write(to: &json, binary: &binary, isBinary: pair.1.isBinary)
            }
        }
        if !binary.isEmpty {
            let length = response.body.readableBytes
            response.headers.add(name: InferenceBody.lengthHeader, value: String(length))
            response.headers.replaceOrAdd(name: "content-type", value: MethodAnswer.bytes.rawValue)
            for bytes in binary { response.body.writeImmutableBuffer(bytes) }
        }
        let now = clock.now
        handler.metrics.answered(Answer.Times(encode: now - started, total: now - received))
        return response
    }
}
