import Logging
import NIOCore

/// Answers one request.
struct RequestHandler: Sendable {
    let models: ModelRegistry
    let indexes: ServedIndexes
    let heads: HeadRegistry
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
        let answer: ByteBuffer
        do throws(ServiceError) {
            let result = try await carryOut(request.method, from: connection, trace: request.trace, received: received)
            {
                (method, context) async throws(ServiceError) -> any MethodResult in
                try await self.result(method, request, context)
            }
            let encoded = Answer.result(
                result, id: request.id ?? .null, isJSONRPC: request.isJSONRPC, received: received,
                by: configuration.clock)
            metrics.answered(encoded.times)
            answer = encoded.bytes
        } catch {
            answer = Answer.error(error, id: request.id ?? .null, isJSONRPC: request.isJSONRPC)
        }
        return request.id == nil ? nil : answer
    }

    func answer(_ rejected: RejectedRequest, from peer: String) -> ByteBuffer {
        refused(rejected.error, from: peer)
        return Answer.error(rejected.error, id: rejected.id)
    }

    /// Records what is refused before it is a request.
    func refused(_ error: ServiceError, from peer: String) {
        metrics.error(error.type)
        AccessLog(logger, peer: peer, trace: nil).failed(error)
    }

    /// What every request goes through, whatever form its answer has: its rights, its method, and the record of it.
    func carryOut<Value>(
        _ name: String, from connection: ConnectionState, trace: TraceContext?, received: ContinuousClock.Instant,
        _ body: (Method, MethodContext) async throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        let log = AccessLog(logger, peer: connection.peer, trace: trace)
        let method = Method(rawValue: name)
        func record(_ error: ServiceError?) {
            let time = configuration.clock.now - received
            log.answered(method?.rawValue ?? "unknown", over: connection.transport, in: time, error: error)
        }
        do throws(ServiceError) {
            // hello is how the token is presented, and checks the rights after that.
            if method != .hello { try connection.rights.requireCall() }
            guard let method else { throw Self.unknown(name) }
            metrics.request(method)
            if method.isAdministration { try connection.rights.requireAdministration() }
            let context = MethodContext(handler: self, connection: connection, received: received, log: log)
            let value = try await body(method, context)
            record(nil)
            return value
        } catch {
            metrics.error(error.type)
            record(error)
            throw error
        }
    }

    private static func unknown(_ name: String) -> ServiceError {
        ServiceError(
            .unknownMethod,
            "no method \(JSONValue.string(name).summary); there are: "
                + Method.allCases.map(\.rawValue).joined(separator: ", "))
    }

    func result(
        _ method: Method, _ request: Request, _ context: MethodContext
    ) async throws(ServiceError) -> any MethodResult {
        switch method {
        case .hello: try HelloResult(request, context)
        case .info: try InfoResult(request, context)
        case .health: try HealthResult(request, context)
        case .ready: try await ReadyResult(request, context)
        case .stats: try StatsResult(request, context)
        case .embed: try await EmbedResult(request, context)
        case .classify: try await ClassifyResult(request, context)
        case .segment: try await SegmentResult(request, context)
        case .score: try await ScoreResult(request, context)
        case .reconstruct: try await ReconstructResult(request, context)
        case .compare: try await CompareResult(request, context)
        case .indexSearch: try await IndexSearchResult(request, context)
        case .indexInfo: try await IndexInfoResult(request, context)
        case .indexPicture: try await IndexPictureResult(request, context)
        case .indexMap: try await IndexMapResult(request, context)
        case .indexAdd: try await IndexAddResult(request, context)
        case .indexDelete: try await IndexDeleteResult(request, context)
        case .cancel: try CancelResult(request, context)
        case .load: try await LoadResult(request, context)
        case .unload: try UnloadResult(request, context)
        case .reload: try await ReloadResult(request, context)
        case .drain: try await DrainResult(request, context)
        case .fit: try await FitResult(request, context)
        case .headLoad: try HeadLoadResult(request, context)
        case .headUnload: try HeadUnloadResult(request, context)
        case .logLevel: try LogLevelResult(request, context)
        }
    }
}
