import Foundation
import NIOHTTP1

/// `GET /v1/models` and `GET /v1/models/NAME`, as OpenAI's clients list models. Loads nothing.
struct ModelsRoute: Sendable {
    let handler: RequestHandler
    /// When this server began to offer its models, in seconds since 1970.
    private let created = Int(Date().timeIntervalSince1970)

    init(handler: RequestHandler) {
        self.handler = handler
    }

    func respond(to asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(.info, for: asked) { (_, context) async throws(ServiceError) -> HTTPResponse in
            let names = context.models.entries.map(\.name)
            guard let asked = HTTPRoute.model.name(inURI: asked.request.head.uri) else { return list(names) }
            let name = HTTPRoute.decoded(asked)
            guard names.contains(name) else { throw .noModel(name, known: names) }
            return .json(.ok) { write(name, to: &$0) }
        }
    }

    private func list(_ names: [String]) -> HTTPResponse {
        .json(.ok) { json in
            json.field("object", "list")
            json.key("data")
            json.array(of: names) { json, name in json.object { write(name, to: &$0) } }
        }
    }

    private func write(_ name: String, to json: inout JSONWriter) {
        json.field("id", name)
        json.field("object", "model")
        json.field("created", created)
        json.field("owned_by", "unmask")
    }
}
