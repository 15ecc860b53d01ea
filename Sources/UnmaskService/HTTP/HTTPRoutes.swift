import NIOCore
import NIOHTTP1

/// Answers the requests of the HTTP port.
struct HTTPRoutes: Sendable {
    let handler: RequestHandler
    let tokens: TokenStore
    let probes: ProbeRoutes
    let metrics: MetricsRoute
    let models: ModelsRoute
    let page: PageRoute

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
        guard !request.head.isPreflight else { return .preflight(route) }
        switch route.content {
        case .page: return try page.respond(to: request.head)
        case .description: return try PageRoute.respondDescription()
        case .health: return probes.respondHealth(on: route)
        case .readiness: return await probes.respondReadiness(on: route)
        case .metrics: return metrics.respond()
        case .call(let method):
            let access = try authorize(request, on: listener, from: peer)
            let asked = try AuthorizedRequest(request, access, from: peer, account)
            do throws(ServiceError) { return try await call(method, asked) } catch { throw HTTPError(error) }
        }
    }

    private func call(_ call: HTTPRoute.Call, _ asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        switch call {
        case .models: try await models.respond(to: asked)
        case .embeddings(let shape): try await EmbeddingsRoute(handler: handler).respond(to: asked, as: shape)
        case .method(let method): try await MethodRoute(handler: handler).respond(to: asked, method)
        case .index(let method): try await IndexRoute(handler: handler).respond(to: asked, method)
        case .either(let json, let other): try await self.call(asked.isJSON ? json : other, asked)
        case .rpc: try await RPCRoute(handler: handler).respond(to: asked)
        case .inference(let question): try await InferenceRoute(handler: handler).respond(to: asked, question)
        }
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
