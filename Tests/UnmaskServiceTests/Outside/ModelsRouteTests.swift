import Foundation
import Testing

@testable import UnmaskService

/// `GET /v1/models`, as OpenAI's clients read it.
@Suite(.timeLimit(.minutes(3))) struct ModelsRouteTests {
    private struct Model: Decodable {
        var id: String
        var object: String
        var created: Int
        var ownedBy: String
    }

    private struct Answer: Decodable {
        var object: String?
        var data: [Model]?
        var error: EmbeddingsAnswer.Failure?
    }

    @Test func modelsAreListedAndFoundByName() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let list = try #require(await client.http("GET", "/v1/models?limit=3"))
                let found = try list.decoded(Answer.self)
                #expect(list.status == 200 && found.object == "list")
                #expect(found.data?.map(\.id) == ["fake"] && found.data?.map(\.object) == ["model"])
                #expect(found.data?.first?.ownedBy == "unmask" && found.data?.first?.created ?? 0 > 1_700_000_000)

                for path in ["/v1/models/fake", "/v1/models/f%61ke", "/v1/models/fake?a=b"] {
                    let model = try #require(await client.http("GET", path))
                    #expect(model.status == 200)
                    #expect(try model.decoded(Model.self).id == "fake")
                }
                for path in ["/v1/models/other", "/v1/models/", "/v1/models/fake/", "/v1/models/%zz"] {
                    let missing = try #require(await client.http("GET", path))
                    #expect(missing.status == 404, "\(path)")
                    #expect(try missing.decoded(Answer.self).error?.code == "model_not_found", "\(path)")
                }
                #expect(try await client.http("HEAD", "/v1/models")?.status == 200)
                #expect(try await client.http("POST", "/v1/models", body: "{}")?.status == 405)
                #expect(try await client.http("GET", "/v1/modelsandmore")?.status == 404)

                let metrics = try PrometheusParser(try #require(await client.http("GET", "/metrics")).text)
                let route = ["route": "/v1/models/{model}", "status": "404"]
                #expect(metrics.value("unmask_http_requests_total", route) == 4, "names do not become labels")
                #expect(metrics.value("unmask_requests_total", ["method": "info"]) == 9)
            }
        }
    }
}
