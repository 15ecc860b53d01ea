import NIOHTTP1

/// The paths of the HTTP port.
enum HTTPRoute: String, CaseIterable, Sendable {
    case healthz = "/healthz"
    case readyz = "/readyz"
    case metrics = "/metrics"
    case models = "/v1/models"
    case model = "/v1/models/{model}"
    case embeddings = "/v1/embeddings"
    case pooling = "/pooling"
    case cohereV1 = "/v1/embed"
    case cohereV2 = "/v2/embed"

    private static let modelPrefix = "/v1/models/"

    /// Free, so that an orchestrator needs no secret, and answered where nothing else is.
    var isProbe: Bool { self == .healthz || self == .readyz }

    /// How images are asked for and vectors answered; nil where they are not.
    var shape: (any EmbeddingsShape.Type)? {
        switch self {
        case .healthz, .readyz, .metrics, .models, .model: nil
        case .embeddings: OpenAIEmbeddings.self
        case .pooling: PooledEmbeddings.self
        case .cohereV1: CohereEmbedV1.self
        case .cohereV2: CohereEmbedV2.self
        }
    }

    var errors: HTTPErrorShape { self == .cohereV1 || self == .cohereV2 ? .cohere : .openAI }

    var methods: [HTTPMethod] { shape == nil ? [.GET, .HEAD] : [.POST] }

    /// The route of a path, without its query.
    init?(uri: String) {
        if Self.modelName(uri: uri) != nil {
            self = .model
        } else {
            self.init(rawValue: Self.path(uri))
        }
    }

    /// The model that a path of the route `model` names, still percent-encoded; nil for other paths.
    static func modelName(uri: String) -> Substring? {
        let path = path(uri)
        return path.hasPrefix(modelPrefix) ? path.dropFirst(modelPrefix.count) : nil
    }

    private static func path(_ uri: String) -> String { String(uri.prefix { $0 != "?" && $0 != "#" }) }

    /// - Throws: where there is no such path, or it does not take the method.
    static func of(_ head: HTTPRequestHead) throws(HTTPError) -> HTTPRoute {
        guard let route = HTTPRoute(uri: head.uri) else {
            throw HTTPError(
                .notFound, "not_found", "no such path; there are: " + allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard route.methods.contains(head.method) else {
            throw HTTPError(
                .methodNotAllowed, "method_not_allowed",
                "\(route.rawValue) takes " + route.methods.map(\.rawValue).joined(separator: " and "))
        }
        return route
    }
}
