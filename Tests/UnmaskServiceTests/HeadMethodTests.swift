import Testing
import UnmaskHeads

@testable import UnmaskModel
@testable import UnmaskService

/// `classify` with a head that was fitted on the model's vectors.
@Suite struct HeadMethodTests {
    private static func head(
        model: String = "f00d", unknownBelow: Double? = nil, pooling: Pooling = .mean
    ) throws -> Head {
        // Doubles the first number of the vector for one class, the second for the other.
        var weight = [Float](repeating: 0, count: 16)
        (weight[0], weight[9]) = (2, 2)
        return try Head(
            kind: .linear, computation: .linear(AffineLayer(weight: weight, bias: [0, 0], width: 8)),
            labels: ["first", "second"],
            stamp: Stamp(
                model: model, recipe: "squash 28x28", precision: "f32", pooling: pooling, dimension: 8, tokens: 49,
                normalized: false),
            calibration: .init(unknownBelow: unknownBelow))
    }

    private static func ask(_ params: String, _ heads: [ServiceConfiguration.NamedHead]) async throws -> ServerAnswer {
        var configuration = ServiceConfiguration()
        configuration.heads = heads
        return try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.ask(#"{"id":1,"method":"classify","params":{\#(params)}}"#)
            }
        }
    }

    private static let image = #""images":[{"base64":"YW4gaW1hZ2U="}]"#

    @Test func answersWithTheHeadThatIsNamed() async throws {
        let head = try Self.head(unknownBelow: 1)
        let answer = try await Self.ask(
            Self.image + #","head":"mine""#,
            [.init(name: "other", head: try Self.head()), .init(name: "mine", head: head)])
        let expected = try head.answer(FakeBackend.digest(of: Array("an image".utf8)), .init()).scores
        let labels = try #require(answer.result?.results?.first?.labels)
        #expect(labels.map(\.label) == expected.map(\.label))
        #expect(labels.map(\.probability) == expected.map(\.score))
        #expect(answer.text.contains(#""head":"mine""#) && answer.text.contains(#""unknown":true"#))
        #expect(answer.text.contains(#""pooling":"mean""#), "the stamp is the vectors'")
    }

    @Test("a head of other vectors is refused by what differs")
    func otherVectors() async throws {
        for (params, head, word) in [
            (#","head":"x""#, try Self.head(model: "beef"), "model is beef and f00d"),
            (#","head":"x","keep":0.5"#, try Self.head(), "tokens is 49 and"),
            (#","head":"x","recipe":"mae""#, try Self.head(), "recipe is squash"),
            (#","head":"y""#, try Self.head(), "one of x"),
            (#","head":"x","scores":"values""#, try Self.head(), "probabilities"),
        ] {
            let answer = try await Self.ask(Self.image + params, [.init(name: "x", head: head)])
            #expect(answer.error?.type == "invalid_params", "\(params)")
            #expect(answer.error?.message.contains(word) ?? false, "\(answer.error?.message ?? "")")
        }
        let none = try await Self.ask(Self.image + #","head":"x""#, [])
        #expect(none.error?.message.contains("has no heads") ?? false)
    }

    @Test func infoListsThem() async throws {
        var configuration = ServiceConfiguration()
        configuration.heads = [.init(name: "mine", head: try Self.head())]
        let text = try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.ask(#"{"id":1,"method":"info"}"#).text
            }
        }
        #expect(
            text.contains(
                #""heads":[{"name":"mine","kind":"linear","scores":["probabilities","logits"],"labels":["first","second"]"#
            ))
    }
}
