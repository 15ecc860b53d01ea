import NIOCore
import NIOHTTP1

/// The paths of the HTTP port, and who may use them. The probes are free, so that an orchestrator needs no secret.
struct HTTPRoutes: Sendable {
    let handler: RequestHandler
    let tokens: TokenStore
    let probes: ProbeRoutes
    let metrics: MetricsRoute

    private enum Route: String, CaseIterable {
        case healthz = "/healthz"
        case readyz = "/readyz"
        case metrics = "/metrics"
        case embeddings = "/v1/embeddings"

        var methods: [HTTPMethod] { self == .embeddings ? [.POST] : [.GET, .HEAD] }
    }

    func respond(to request: HTTPRequest, on listener: ListenerAccess, from peer: String) async -> HTTPResponse {
        let route = Route(rawValue: request.path)
        let response: HTTPResponse
        do throws(OpenAIError) {
            response = try await answer(request, route, on: listener, from: peer)
        } catch {
            response = error.response
        }
        handler.metrics.http(route?.rawValue ?? "other", status: Int(response.status.code))
        return response
    }

    private func answer(
        _ request: HTTPRequest, _ route: Route?, on listener: ListenerAccess, from peer: String
    ) async throws(OpenAIError) -> HTTPResponse {
        guard let route else {
            throw OpenAIError(
                .notFound, "not_found",
                "no such path; there are: " + Route.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard route.methods.contains(request.head.method) else {
            throw OpenAIError(
                .methodNotAllowed, "method_not_allowed",
                "\(route.rawValue) takes " + route.methods.map(\.rawValue).joined(separator: " and "))
        }
        switch route {
        case .healthz: return probes.respondHealth()
        case .readyz: return await probes.respondReadiness()
        case .metrics:
            try authorize(request, on: listener, from: peer)
            return metrics.respond()
        case .embeddings:
            let access = try authorize(request, on: listener, from: peer)
            do throws(ServiceError) {
                return try await EmbeddingsRoute(handler: handler).respond(to: request, access, from: peer)
            } catch {
                throw OpenAIError(error)
            }
        }
    }

    @discardableResult
    private func authorize(
        _ request: HTTPRequest, on listener: ListenerAccess, from peer: String
    ) throws(OpenAIError) -> ConnectionAccess {
        // A page from anywhere can make a browser on this machine send requests to loopback; an API's clients are no
        // browsers, and only browsers say where a page came from.
        guard !request.head.headers.contains(name: "origin") else {
            throw OpenAIError(.forbidden, "origin_not_allowed", "this server takes no requests from web pages")
        }
        do throws(ServiceError) {
            return try listener.authorize(request.head, tokens)
        } catch {
            handler.refused(error, from: peer)
            throw OpenAIError(error)
        }
    }
}
