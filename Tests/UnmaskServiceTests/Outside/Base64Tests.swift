import Foundation
import Testing
import UnmaskImage

@testable import UnmaskService

/// Foundation encodes, and each text is then rewritten as others write the same bytes.
@Suite(.timeLimit(.minutes(3))) struct Base64Tests {
    /// The ways to write the same bytes: alphabet, padding, and lines as MIME, PEM and `base64` make them.
    private static func spellings(of bytes: [UInt8], _ random: inout SplitMix) -> [String] {
        let standard = Data(bytes).base64EncodedString()
        let urlSafe = standard.replacing("+", with: "-").replacing("/", with: "_")
        return [standard, urlSafe].flatMap { text in [text, String(text.prefix { $0 != "=" })] }.flatMap { text in
            let width = Int.random(in: 1...80, using: &random)
            return [text, text + "\n", lines(text, width, "\n"), lines(text, width, "\r\n"), lines(text, 76, "\r\n")]
        }
    }

    private static func lines(_ text: String, _ width: Int, _ end: String) -> String {
        let characters = Array(text)
        return stride(from: 0, to: characters.count, by: width).map {
            String(characters[$0..<min($0 + width, characters.count)]) + end
        }.joined()
    }

    private static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }

    private static func decode(_ text: String) throws(ServiceError) -> [UInt8] {
        try Base64.decode(text, .standard)
    }

    @Test func everySpellingGivesTheBytes() throws {
        var random = SplitMix(state: 64)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            for spelling in Self.spellings(of: bytes, &random) {
                #expect(try Self.decode(spelling) == bytes, "\(spelling)")
            }
        }
    }

    @Test func whatCouldMeanTwoThingsIsRefused() throws {
        var random = SplitMix(state: 65)
        for count in 4..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Data(bytes).base64EncodedString()
            let bare = String(text.prefix { $0 != "=" })
            let inside = bare.index(bare.startIndex, offsetBy: Int.random(in: 1..<bare.count, using: &random))
            func inserting(_ part: String) -> String { String(bare[..<inside]) + part + String(bare[inside...]) }
            var wrong: [String] = [text + "=", text + "====", "=" + text, bare + "+-", "_" + bare + "/"]
            wrong.append(String(bare.prefix(bare.count / 4 * 4)) + "A")
            wrong += ["=", " ", "\t", "é", "\u{0}", "%", ",", ":"].map { inserting($0) }
            if text.hasSuffix("==") { wrong.append(String(text.dropLast())) }
            for text in wrong {
                let error = #expect(throws: ServiceError.self) { try Self.decode(text) }
                #expect(error?.type == .imageDecodeFailed, "\(text)")
            }
        }
    }

    @Test func theLimitIsOnTheBytesAndNotOnHowTheyAreWritten() throws {
        var limits = ImageLimits.standard
        limits.maxBytes = 300
        var random = SplitMix(state: 66)
        for spelling in Self.spellings(of: Array(repeating: 7, count: 300), &random) {
            #expect(try Base64.decode(spelling, limits).count == 300)
        }
        for spelling in Self.spellings(of: Array(repeating: 7, count: 301), &random) {
            let error = #expect(throws: ServiceError.self) { try Base64.decode(spelling, limits) }
            #expect(error?.type == .imageTooLarge)
        }
    }

    @Test func bothDoorsReadAllSpellings() async throws {
        var random = SplitMix(state: 67)
        let image: [UInt8] = [0xFB, 0xFF, 0xBF] + (0..<101).map { _ in UInt8.random(in: 0...255, using: &random) }
        let spellings = Self.spellings(of: image, &random)
        let digest = ServerAnswer.Payload.numbers(FakeBackend.digest(of: image))
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.unix) { client in
                for spelling in spellings {
                    try await client.send(
                        #"{"id":1,"method":"embed","params":{"images":[{"base64":\#(try Self.quoted(spelling))}]}}"#)
                    #expect(try await client.receive()?.result?.results?.first?.embedding == digest, "\(spelling)")
                }
            }
            try await LineClient.connected(to: server.http) { client in
                let escaped = spellings.map {
                    $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                }
                for spelling in spellings + escaped {
                    for type in ["image/jpeg", "image/x-anything", "image", "image/png;charset=utf-8"] {
                        let body = #"{"input":\#(try Self.quoted("data:\(type);base64,\(spelling)"))}"#
                        let answer = try #require(await client.http("POST", "/v1/embeddings", body: body))
                        #expect(try answer.decoded(EmbeddingsAnswer.self).data?.first?.embedding == digest, "\(body)")
                    }
                }
            }
        }
    }
}
