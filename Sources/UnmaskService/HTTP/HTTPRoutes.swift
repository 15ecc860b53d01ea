import NIOCore
import NIOHTTP1

/// Answers the requests of the HTTP port.
struct HTTPRoutes: Sendable {
    let handler: RequestHandler
    let tokens: TokenStore
    let probes: ProbeRoutes
    let metrics: MetricsRoute
    let models: ModelsRoute

    /// - Parameters:
    ///   - account: of the connection.
    ///   - probesAlone: whether the connection was taken for a probe, beyond the limits.
    func respond(
        to request: HTTPRequest, on listener: ListenerAccess, from peer: String, _ account: ByteAccount,
        probesAlone: Bool = false
    ) async -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await answer(request, on: listener, from: peer, account, probesAlone: probesAlone)
        } catch {
            response = error.response(to: request.head)
        }
        handler.metrics.http(HTTPRoute(uri: request.head.uri)?.rawValue ?? "other", status: Int(response.status.code))
        return response
    }

    private func answer(
        _ request: HTTPRequest, on listener: ListenerAccess, from peer: String, _ account: ByteAccount,
        probesAlone: Bool
    ) async throws(HTTPError) -> HTTPResponse {
        if let refusal = request.refusal {
            if refusal.status == .unauthorized {
                handler.refused(ServiceError(.unauthorized, refusal.message), from: peer)
            }
            throw refusal
        }
        let route = try HTTPRoute.of(request.head)
        guard route.isProbe || !probesAlone else {
            let error = TurnedAway.refused(.full).error(handler.configuration.connectionLimits)
            handler.refused(error, from: peer)
            throw HTTPError(error)
        }
        switch route {
        case .healthz: return probes.respondHealth()
        case .readyz: return await probes.respondReadiness()
        case .metrics: return metrics.respond()
        case .models, .model, .embeddings, .pooling, .cohereV1, .cohereV2:
            let access = try authorize(request, on: listener, from: peer)
            let coding = try HTTPContentCoding(request.head)
            do throws(ServiceError) {
                return try await call(route, request, coding, access, from: peer, account)
            } catch {
                throw HTTPError(error)
            }
        }
    }

    /// What is a method of the service.
    private func call(
        _ route: HTTPRoute, _ request: HTTPRequest, _ coding: HTTPContentCoding, _ access: ConnectionAccess,
        from peer: String, _ account: ByteAccount
    ) async throws(ServiceError) -> HTTPResponse {
        guard let shape = route.shape else {
            return try await models.respond(to: request, access, from: peer)
        }
        return try await EmbeddingsRoute(handler: handler).respond(
            to: request, coding, as: shape, access, from: peer, account)
    }

    /// Again, behind the body: the token may have been replaced while it came.
    private func authorize(
        _ request: HTTPRequest, on listener: ListenerAccess, from peer: String
    ) throws(HTTPError) -> ConnectionAccess {
        do throws(ServiceError) {
            return try listener.authorize(request.head, tokens)
        } catch {
            handler.refused(error, from: peer)
            throw HTTPError(error)
        }
    }
}
