import NIOCore
import NIOHTTP1

/// Answers the requests of the HTTP port.
struct HTTPRoutes: Sendable {
    let handler: RequestHandler
    let tokens: TokenStore
    let probes: ProbeRoutes
    let metrics: MetricsRoute

    /// - Parameter probesAlone: whether the connection was taken for a probe, beyond the limits.
    func respond(
        to request: HTTPRequest, on listener: ListenerAccess, from peer: String, probesAlone: Bool = false
    ) async -> HTTPResponse {
        let response: HTTPResponse
        do throws(OpenAIError) {
            response = try await answer(request, on: listener, from: peer, probesAlone: probesAlone)
        } catch {
            response = error.response
        }
        handler.metrics.http(HTTPRoute(uri: request.head.uri)?.rawValue ?? "other", status: Int(response.status.code))
        return response
    }

    private func answer(
        _ request: HTTPRequest, on listener: ListenerAccess, from peer: String, probesAlone: Bool
    ) async throws(OpenAIError) -> HTTPResponse {
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
            throw OpenAIError(error)
        }
        switch route {
        case .healthz: return probes.respondHealth()
        case .readyz: return await probes.respondReadiness()
        case .metrics: return metrics.respond()
        case .embeddings:
            let access = try authorize(request, on: listener, from: peer)
            do throws(ServiceError) {
                return try await EmbeddingsRoute(handler: handler).respond(to: request, access, from: peer)
            } catch {
                throw OpenAIError(error)
            }
        }
    }

    /// Again, behind the body: the token may have been replaced while it came.
    private func authorize(
        _ request: HTTPRequest, on listener: ListenerAccess, from peer: String
    ) throws(OpenAIError) -> ConnectionAccess {
        do throws(ServiceError) {
            return try listener.authorize(request.head, tokens)
        } catch {
            handler.refused(error, from: peer)
            throw OpenAIError(error)
        }
    }
}
