import NIOHTTP1

/// The paths of the HTTP port.
enum HTTPRoute: String, CaseIterable, Sendable {
    case healthz = "/healthz"
    case readyz = "/readyz"
    case metrics = "/metrics"
    case embeddings = "/v1/embeddings"

    /// Free, so that an orchestrator needs no secret, and answered where nothing else is.
    var isProbe: Bool { self == .healthz || self == .readyz }

    var methods: [HTTPMethod] { self == .embeddings ? [.POST] : [.GET, .HEAD] }

    /// The route of a path, without its query.
    init?(uri: String) {
        self.init(rawValue: String(uri.prefix { $0 != "?" && $0 != "#" }))
    }

    /// - Throws: where there is no such path, or it does not take the method.
    static func of(_ head: HTTPRequestHead) throws(OpenAIError) -> HTTPRoute {
        guard let route = HTTPRoute(uri: head.uri) else {
            throw OpenAIError(
                .notFound, "not_found", "no such path; there are: " + allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard route.methods.contains(head.method) else {
            throw OpenAIError(
                .methodNotAllowed, "method_not_allowed",
                "\(route.rawValue) takes " + route.methods.map(\.rawValue).joined(separator: " and "))
        }
        return route
    }
}
