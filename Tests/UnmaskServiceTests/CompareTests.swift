import Foundation
import Testing
import UnmaskModel

@testable import UnmaskService

@Suite struct CompareTests {
    private static func vector(_ numbers: [Float], _ stamp: String) -> String {
        #"{"vector":[\#(numbers.map(\.description).joined(separator: ","))],"stamp":\#(stamp)}"#
    }

    private static func compare(_ a: String, _ b: String, _ more: String = "") async throws -> ServerAnswer {
        try await LiveServer.ask(#"{"id":1,"method":"compare","params":{"a":\#(a),"b":\#(b)\#(more)}}"#)
    }

    private static let stamp =
        #"{"model":"f00d","recipe":"squash 28x28","precision":"f32","pooling":"mean","dimension":8,"tokens":49,"#
        + #""normalized":false}"#

    @Test func imagesAndVectorsGiveTheSameCosine() async throws {
        let (one, other) = (FakeBackend.digest(of: "a".utf8), FakeBackend.digest(of: "b".utf8))
        let dot = zip(one, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        func length(_ vector: [Float]) -> Double { vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
        let expected = dot / (length(one) * length(other))
        #expect(expected < 0.999)
        let sides = [
            (#"{"base64":"YQ=="}"#, #"{"base64":"Yg=="}"#),
            (Self.vector(one, Self.stamp), #"{"base64":"Yg=="}"#),
            (Self.vector(other, Self.stamp), Self.vector(one, Self.stamp)),
        ]
        for (a, b) in sides {
            let cosine = try #require(try await Self.compare(a, b).result?.cosine)
            #expect(abs(cosine - expected) < 1e-12)
        }
        let same = try await Self.compare(#"{"base64":"YQ=="}"#, #"{"base64":"YQ=="}"#)
        #expect(abs((same.result?.cosine ?? 0) - 1) < 1e-12)
    }

    @Test(arguments: [
        ("f00d", "beef", "model is f00d and beef"), ("mean", "cls", "pooling is mean and cls"),
        (#""tokens":49"#, #""tokens":12"#, "tokens is 49 and 12"), ("squash", "mae", "recipe is squash 28x28 and mae"),
        (#""normalized":false"#, #""normalized":false,"output":"blocks.3""#, "the model's own and blocks.3"),
    ])
    func vectorsThatWereMadeOtherwiseAreRefusedByName(found: String, changed: String, message: String) async throws {
        let vector = Self.vector(FakeBackend.digest(of: "a".utf8), Self.stamp)
        let other = vector.replacingOccurrences(of: found, with: changed)
        let answer = try await Self.compare(vector, other)
        #expect(answer.error?.type == "invalid_params")
        #expect(answer.error?.message.contains(message) == true, "\(answer.error?.message ?? "no error")")
    }

    @Test func whatCannotBeComparedIsNamed() async throws {
        let vector = Self.vector([1, 2], Self.stamp)
        #expect(try await Self.compare(vector, vector).error?.message.contains("the 8 numbers of its stamp") == true)
        let tokens = try await Self.compare(#"{"base64":"YQ=="}"#, #"{"base64":"YQ=="}"#, #","pooling":"tokens""#)
        #expect(tokens.error?.message.contains("one vector an image") == true)
        let corrupt = Data(FakeBackend.corrupt).base64EncodedString()
        let image = try await Self.compare(#"{"base64":"\#(corrupt)"}"#, #"{"base64":"YQ=="}"#)
        #expect(image.error?.type == "image_decode_failed")
    }
}
