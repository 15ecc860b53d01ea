import Logging
import NIOCore

/// Answers one request.
struct RequestHandler: Sendable {
    let models: ModelRegistry
    let scheduler: Scheduler
    let metrics: ServiceMetrics
    let configuration: ServiceConfiguration
    let life: ServerLife
    let logger: Logger

    /// The bytes of the answer, or nil for a notification, which is carried out and gets none.
    func answer(_ request: Request, received: ContinuousClock.Instant) async -> ByteBuffer? {
        let context = MethodContext(
            models: models, scheduler: scheduler, metrics: metrics, configuration: configuration,
            received: received, isDraining: life.isDraining)
        let answer: ByteBuffer
        do throws(ServiceError) {
            let result = try await result(request, context)
            answer = Answer.result(result, id: request.id ?? .null, isJSONRPC: request.isJSONRPC)
        } catch {
            metrics.error(error.type)
            logger.debug("request refused", metadata: ["method": "\(request.method)", "error": "\(error)"])
            answer = Answer.error(error, id: request.id ?? .null, isJSONRPC: request.isJSONRPC)
        }
        metrics.answered(in: ContinuousClock.now - context.received)
        return request.id == nil ? nil : answer
    }

    func answer(_ rejected: RejectedRequest) -> ByteBuffer {
        metrics.error(rejected.error.type)
        return Answer.error(rejected.error, id: rejected.id)
    }

    private func result(
        _ request: Request, _ context: MethodContext
    ) async throws(ServiceError) -> any MethodResult {
        guard let method = Method(rawValue: request.method) else {
            throw ServiceError(
                .unknownMethod,
                "no method \(JSONValue.string(request.method).summary); there are: "
                    + Method.allCases.map(\.rawValue).joined(separator: ", "))
        }
        metrics.request(method)
        return switch method {
        case .hello: try HelloResult(request, context)
        case .info: try InfoResult(request, context)
        case .health: try HealthResult(request, context)
        case .embed: try await EmbedResult(request, context)
        case .classify: try await ClassifyResult(request, context)
        case .reconstruct: try await ReconstructResult(request, context)
        }
    }
}
