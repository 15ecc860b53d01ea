import Foundation
import NIOHTTP1

/// The paths of the HTTP port.
enum HTTPRoute: String, CaseIterable, Sendable {
    case page = "/"
    case pageFile = "/page/{file}"
    case healthz = "/healthz"
    case readyz = "/readyz"
    case metrics = "/metrics"
    case description = "/openapi.json"
    case models = "/v1/models"
    case model = "/v1/models/{model}"
    case embeddings = "/v1/embeddings"
    case pooling = "/pooling"
    case embed = "/v1/embed"
    case cohereV2 = "/v2/embed"
    case classify = "/v1/classify"
    case segment = "/v1/segment"
    case score = "/v1/score"
    case reconstruct = "/v1/reconstruct"
    case compare = "/v1/compare"
    case search = "/v1/search"
    case fit = "/v1/fit"
    case indexes = "/v1/indexes"
    case indexPicture = "/v1/indexes/{index}/pictures/{row}"
    case indexMap = "/v1/indexes/{index}/map"
    case rpc = "/rpc"
    case inferenceServer = "/v2"
    case inferenceLive = "/v2/health/live"
    case inferenceReady = "/v2/health/ready"
    case inferenceModel = "/v2/models/{model}"
    case inferenceModelReady = "/v2/models/{model}/ready"
    case inferenceConfig = "/v2/models/{model}/config"
    case infer = "/v2/models/{model}/infer"
    case inferenceIndex = "/v2/repository/index"

    /// What answers a path.
    enum Content {
        case page, description, health, readiness, metrics
        case call(Call)
    }

    /// What is a method of the service, in one form or another.
    enum Call {
        case models
        /// How images are asked for and vectors answered.
        case embeddings(any EmbeddingsShape.Type)
        case method(Method)
        /// One of those that an address is enough for.
        case index(Method)
        /// Where the body is JSON, it is another API's.
        indirect case either(json: Call, else: Call)
        /// The service's own protocol.
        case rpc
        case inference(InferenceRoute.Question)
    }

    var content: Content {
        switch self {
        case .page, .pageFile: .page
        case .description: .description
        case .healthz, .inferenceLive: .health
        case .readyz, .inferenceReady: .readiness
        case .metrics: .metrics
        case .models, .model: .call(.models)
        case .embeddings: .call(.embeddings(OpenAIEmbeddings.self))
        case .pooling: .call(.embeddings(PooledEmbeddings.self))
        case .embed: .call(.either(json: .embeddings(CohereEmbedV1.self), else: .method(.embed)))
        case .cohereV2: .call(.embeddings(CohereEmbedV2.self))
        case .classify: .call(.method(.classify))
        case .segment: .call(.method(.segment))
        case .score: .call(.method(.score))
        case .reconstruct: .call(.method(.reconstruct))
        case .compare: .call(.method(.compare))
        case .search: .call(.method(.indexSearch))
        case .fit: .call(.method(.fit))
        case .indexes: .call(.index(.indexInfo))
        case .indexPicture: .call(.index(.indexPicture))
        case .indexMap: .call(.index(.indexMap))
        case .rpc: .call(.rpc)
        case .inferenceServer: .call(.inference(.server))
        case .inferenceModel: .call(.inference(.model))
        case .inferenceModelReady: .call(.inference(.isReady))
        case .inferenceConfig: .call(.inference(.configuration))
        case .infer: .call(.inference(.infer))
        case .inferenceIndex: .call(.inference(.index))
        }
    }

    /// Routes that end in a name, and what stands before it.
    private static let named: [(HTTPRoute, prefix: String)] = [(.model, "/v1/models/"), (.pageFile, "/page/")]

    /// Answered where nothing else is.
    var isProbe: Bool { [.healthz, .readyz, .inferenceLive, .inferenceReady].contains(self) }

    /// Files that are the same for everyone.
    var isPage: Bool { [.page, .pageFile, .description].contains(self) }

    /// Whether no token is asked for: an orchestrator has none, and a browser cannot send one before it has the page.
    var isFree: Bool { isProbe || isPage }

    var methods: [HTTPMethod] {
        switch content {
        case .page, .description, .health, .readiness, .metrics, .call(.models), .call(.index): [.GET, .HEAD]
        case .call(.inference(let question)): question.isPlain ? [.GET, .HEAD] : [.POST]
        case .call: [.POST]
        }
    }

    /// The route of a path, without its query.
    init?(uri: String) {
        let path = Self.path(uri)
        if let (route, _) = Self.named.first(where: { path.hasPrefix($0.prefix) }) {
            self = route
        } else if let path = InferencePath(path) {
            self = path.route
        } else if let path = IndexPath(path) {
            self = path.route
        } else {
            self.init(rawValue: path)
        }
    }

    /// What a path of this route ends in, still percent-encoded; nil for other paths.
    func name(inURI uri: String) -> Substring? {
        let path = Self.path(uri)
        guard let prefix = Self.named.first(where: { $0.0 == self })?.prefix, path.hasPrefix(prefix) else { return nil }
        return path.dropFirst(prefix.count)
    }

    static func path(_ uri: String) -> String { String(uri.prefix { $0 != "?" && $0 != "#" }) }

    /// A name in a path. What is no escape stands for itself.
    static func decoded(_ name: Substring) -> String { name.removingPercentEncoding ?? String(name) }

    /// - Throws: where there is no such path, or it does not take the method.
    static func of(_ head: HTTPRequestHead) throws(HTTPError) -> HTTPRoute {
        guard let route = HTTPRoute(uri: head.uri) else {
            throw HTTPError(
                .notFound, "not_found",
                InferencePath.refusal(of: path(head.uri))
                    ?? "no such path; there are: " + allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard route.methods.contains(head.method) || head.isPreflight else {
            var error = HTTPError(
                .methodNotAllowed, "method_not_allowed",
                "\(route.rawValue) takes " + route.methods.map(\.rawValue).joined(separator: " and "))
            error.allowed = route.methods
            throw error
        }
        return route
    }
}
