import Logging
import NIOCore

/// Answers one request.
struct RequestHandler: Sendable {
    let models: ModelRegistry
    let scheduler: Scheduler
    let readiness: Readiness
    let metrics: ServiceMetrics
    let configuration: ServiceConfiguration
    let life: ServerLife
    let logger: Logger
    let logLevel: LogLevel

    /// The bytes of the answer, or nil for a notification, which is carried out and gets none.
    func answer(
        _ request: Request, from connection: ConnectionState, received: ContinuousClock.Instant
    ) async -> ByteBuffer? {
        let context = MethodContext(handler: self, connection: connection, received: received)
        let answer: ByteBuffer
        do throws(ServiceError) {
            let result = try await result(request, context)
            let encoded = Answer.result(
                result, id: request.id ?? .null, isJSONRPC: request.isJSONRPC, received: received)
            metrics.answered(encode: encoded.encode, total: encoded.total)
            answer = encoded.bytes
        } catch {
            metrics.error(error.type)
            logger.debug("request refused", metadata: ["method": "\(request.method)", "error": "\(error)"])
            answer = Answer.error(error, id: request.id ?? .null, isJSONRPC: request.isJSONRPC)
        }
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
        if method != .hello { try context.connection.rights.requireCall() }
        if method.isAdministration { try context.connection.rights.requireAdministration() }
        return switch method {
        case .hello: try HelloResult(request, context)
        case .info: try InfoResult(request, context)
        case .health: try HealthResult(request, context)
        case .ready: try await ReadyResult(request, context)
        case .stats: try StatsResult(request, context)
        case .embed: try await EmbedResult(request, context)
        case .classify: try await ClassifyResult(request, context)
        case .reconstruct: try await ReconstructResult(request, context)
        case .compare: try await CompareResult(request, context)
        case .cancel: try CancelResult(request, context)
        case .load: try await LoadResult(request, context)
        case .unload: try UnloadResult(request, context)
        case .reload: try await ReloadResult(request, context)
        case .drain: try await DrainResult(request, context)
        case .logLevel: try LogLevelResult(request, context)
        }
    }
}
