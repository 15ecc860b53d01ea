import NIOCore
import NIOHTTP1
import UnmaskModel

/// The Open Inference Protocol (`/v2`) as KServe's and Triton's clients speak it: what there is. What is asked of a model is
/// `InferRoute`.
struct InferenceRoute: Sendable {
    enum Question {
        case server, model, isReady, configuration, index, infer

        /// Whether a client sends nothing with it.
        var isPlain: Bool { self != .index && self != .infer }
    }

    private static let extensions = ["binary_tensor_data", "classification", "model_configuration"]

    let handler: RequestHandler

    func respond(to asked: AuthorizedRequest, _ question: Question) async throws(ServiceError) -> HTTPResponse {
        switch question {
        case .server: try await server(asked)
        case .model: try await model(asked, Self.writeMetadata)
        case .configuration: try await model(asked, Self.writeConfiguration)
        case .isReady: try await readiness(asked)
        case .index: try await index(asked)
        case .infer: try await InferRoute(handler: handler).respond(to: asked)
        }
    }

    private func server(_ asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(.info, for: asked) { (_, _) async throws(ServiceError) -> HTTPResponse in
            .json(.ok) { json in
                json.field("name", "unmask")
                json.field("version", HelloResult.serverVersion)
                json.key("extensions")
                json.array(of: Self.extensions) { $0.value($1) }
            }
        }
    }

    /// A model that is not in memory is loaded: its file says what it takes.
    private func model(
        _ asked: AuthorizedRequest, _ write: (RegisteredModel, MethodContext, inout JSONWriter) -> Void
    ) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(.info, for: asked) { (_, context) async throws(ServiceError) -> HTTPResponse in
            let name = try HTTPRoute.inferenceModel(inURI: asked.request.head.uri)
            let model = try await context.models.model(named: name)
            return .json(.ok) { write(model, context, &$0) }
        }
    }

    private static func writeMetadata(_ model: RegisteredModel, _: MethodContext, to json: inout JSONWriter) {
        let interface = model.description.interface
        json.field("name", model.name)
        json.key("versions")
        json.array(of: [InferencePath.version]) { $0.value($1) }
        json.field("platform", "unmask")
        json.key("inputs")
        json.array(of: interface.inputTensors) { $1.write(to: &$0) }
        json.key("outputs")
        json.array(of: interface.outputTensors) { $1.write(to: &$0) }
    }

    private static func writeConfiguration(
        _ model: RegisteredModel, _ context: MethodContext, to json: inout JSONWriter
    ) {
        let interface = model.description.interface
        json.field("name", model.name)
        json.field("platform", "unmask")
        json.field("backend", "unmask")
        json.field("max_batch_size", context.limits.imagesPerRequest)
        json.key("input")
        // Either is enough.
        json.array(of: interface.inputTensors) { $1.writeConfiguration(to: &$0, isOptional: true) }
        json.key("output")
        json.array(of: interface.outputTensors) { $1.writeConfiguration(to: &$0, isOptional: false) }
    }

    /// Whether the model answers as it should, as `ready` tries it; one that is not in memory is loaded when it is asked.
    private func readiness(_ asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(.ready, for: asked) { (_, context) async throws(ServiceError) -> HTTPResponse in
            let name = try HTTPRoute.inferenceModel(inURI: asked.request.head.uri)
            let known = context.models.entries.map(\.name)
            guard known.contains(name) else { throw .noModel(name, known: known) }
            let report = await context.handler.readiness.check(isDraining: context.life.isDraining)
            let problem =
                switch report.status {
                case .ready, .failing: report.models.first { $0.name == name }?.problem
                case .draining, .stalled: "the server is \(report.status.rawValue)"
                }
            return .json(problem == nil ? .ok : .serviceUnavailable) { json in
                json.field("name", name)
                json.field("ready", problem == nil)
                if let problem { json.field("error", problem) }
            }
        }
    }

    /// Triton's list of models.
    private func index(_ asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(.info, for: asked) { (_, context) async throws(ServiceError) -> HTTPResponse in
            let content = try asked.content(limit: context.limits.payloadBytes)
            defer { content.release() }
            let body = content.bytes.readableBytes == 0 ? nil : try JSONParser.parse(content.bytes)
            let readyAlone = try Parameters(body, at: "body", allowing: ["ready"]).flag("ready") ?? false
            let entries = context.models.entries.filter { !readyAlone || $0.model != nil }
            var json = JSONWriter()
            json.array(of: entries) { json, entry in
                json.object { json in
                    json.field("name", entry.name)
                    json.field("version", InferencePath.version)
                    json.field("state", entry.model == nil ? "UNAVAILABLE" : "READY")
                    json.field("reason", entry.model == nil ? "not in memory: it is loaded when it is asked" : "")
                }
            }
            return HTTPResponse(.ok, MethodAnswer.json.rawValue, json.buffer)
        }
    }
}

extension HTTPRoute {
    /// The name of the model that a path under `/v2/models/` names.
    ///
    /// - Throws: `model_not_found` for a version that there is not.
    static func inferenceModel(inURI uri: String) throws(ServiceError) -> String {
        guard let path = InferencePath(HTTPRoute.path(uri)) else {
            throw ServiceError(.internal, "\(JSONValue.string(uri).summary) names no model")
        }
        return try path.model()
    }
}
