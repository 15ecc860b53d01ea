import Foundation
import Testing
import UnmaskHeads
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// `segment` and `score` over sockets and HTTP: what a head makes of the tokens that the engine itself gives.
@Suite struct DenseMethodTests {
    private static let labels = ["ground", "sky", "sea"]

    /// What `pictures` give, and heads of arbitrary numbers for it.
    private struct World {
        let session: ModelSession
        let images: [[UInt8]]
        let tokens: [[Float]]
        let segment: Head
        let anomaly: Head

        init() throws {
            session = try SmallModel.session()
            images = try (0..<3).map { try SmallModel.picture($0).pngData() }
            let options = EmbeddingOptions(pooling: .tokens)
            let session = session
            tokens = try images.map { image in
                try session.embed([session.model.recipe.prepare(image)], options: options)[0].values
            }
            let stamp = try session.stamp(of: options)
            let grid = try PatchGrid(rows: 4, columns: 4)
            let weight = (0..<3 * 32).map { sin(Float(7 * $0)) }
            segment = try Head(
                kind: .segment,
                computation: .segmentation(
                    TokenLayers(output: AffineLayer(weight: weight, bias: [0, 0.1, -0.1], width: 32)), grid),
                labels: DenseMethodTests.labels, stamp: stamp)
            anomaly = try Head(
                kind: .anomaly,
                computation: .anomaly(
                    .memory(PatchMemory(tokens: tokens[0], scale: Array(repeating: 1, count: 32))), grid),
                labels: ["anomaly"], stamp: stamp, calibration: .init(thresholds: [0.01]))
        }

        func mask(_ image: Int) throws -> LabelMap {
            let middles = (0..<32).map { (Double($0) + 0.5) / 32 as Double? }
            return LabelMap(
                width: 32, height: 32,
                numbers: try segment.segmentation(tokens[image]).best(rows: middles, columns: middles))
        }

        func running(
            _ heads: [ServiceConfiguration.NamedHead],
            _ body: @escaping @Sendable (LiveServer, inout LineClient) async throws -> Void
        ) async throws {
            let configuration = ServiceConfiguration.withHTTP { $0.heads = heads }
            try await LiveServer.running(try ModelBackend(session), configuration) { server in
                try await LineClient.connected(to: server.unix) { client in try await body(server, &client) }
            }
        }

        /// A question about all images.
        func ask(_ method: String, _ more: String, _ client: inout LineClient) async throws -> ServerAnswer {
            let list = images.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
            let lengths = images.map(\.count.description).joined(separator: ",")
            try await client.send(
                #"{"id":1,"method":"\#(method)","params":{"images":[\#(list)]\#(more)},"bytes":[\#(lengths)]}"#,
                frames: images)
            return try #require(await client.receive())
        }
    }

    @Test("masks have the head's own classes, over the socket and over HTTP")
    func masks() async throws {
        let world = try World()
        try await world.running([.init(name: "places", head: world.segment)]) { server, client in
            let answer = try await world.ask("segment", #","format":"pixels","encoding":"frame""#, &client)
            let expected = try world.images.indices.map { try world.mask($0) }
            #expect(Set(expected.flatMap(\.numbers)).count > 1, "the test sees one class alone")
            #expect(answer.frames == expected.map(\.numbers), "\(answer.text)")
            #expect(answer.text.contains(#""head":"places""#))
            let shares = ClassShares(expected[0].numbers, labels: Self.labels)
            let first = try #require(shares.classes.first)
            #expect(answer.text.contains(#""classes":[{"label":"\#(first.label)","index":\#(first.index),"#))
            let body = #"{"images":["\#(HTTPText.image(world.images[1]))"]}"#
            let picture = try await LineClient.connected(to: server.http) { http in
                try #require(
                    await http.http(
                        "POST", "/v1/segment", headers: ["content-type": "application/json", "accept": "image/png"],
                        body: body))
            }
            let png = try expected[1].pngData()
            #expect(picture.status == 200 && picture.body == png, "\(picture.text)")
        }
    }

    @Test("scores are the head's own, and a request may say what is anomalous")
    func scores() async throws {
        let world = try World()
        try await world.running([.init(name: "good", head: world.anomaly)]) { _, client in
            struct Answer: Decodable {
                struct Result: Decodable {
                    struct Item: Decodable {
                        let score: Float
                        let anomalous: Bool
                        let patches: [Float]
                    }
                    let results: [Item]
                    let threshold: Double
                    let grid: [Int]
                }
                let result: Result
            }
            let text = try await world.ask("score", "", &client).text
            let found = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)).result
            let expected = try world.tokens.map { try world.anomaly.anomaly($0) }
            #expect(found.results.map(\.score) == expected.map(\.score) && found.grid == [4, 4])
            #expect(found.results.map(\.patches) == expected.map(\.patches) && found.threshold == 0.01)
            #expect(found.results.map(\.anomalous) == expected.map(\.isAnomalous))
            #expect(expected.map(\.isAnomalous).contains(true))
            let calm = try await world.ask("score", #","threshold":1000000"#, &client).text
            #expect(!calm.contains(#""anomalous":true"#) && calm.contains(#""anomalous":false"#))
        }
    }

    @Test("a head that answers something else, several, or none at all are refused by name")
    func refusals() async throws {
        let world = try World()
        try await world.running([
            .init(name: "a", head: world.segment), .init(name: "b", head: world.segment),
            .init(name: "good", head: world.anomaly),
        ]) { _, client in
            for (method, more, words) in [
                ("segment", "", "one of a, b"), ("segment", #","head":"good""#, "good, which is of kind anomaly"),
                ("classify", #","head":"a""#, "one that classify can ask"), ("segment", #","head":"c""#, "one of a, b"),
                ("score", #","head":"a""#, "which is of kind segment"), ("segment", #","head":"a","keep":0.5"#, "keep"),
                ("segment", #","head":"a","format":"jpeg""#, "png"), ("score", #","threshold":-1"#, "threshold"),
            ] {
                let answer = try await world.ask(method, more, &client)
                #expect(answer.error?.type == "invalid_params", "\(method) \(more): \(answer.text)")
                #expect(answer.text.contains(words), "\(words): \(answer.text)")
            }
        }
    }
}
