import Foundation
import Testing

@testable import UnmaskService

/// The number types of vectors, and images that come as pixels.
@Suite struct EmbedOutputTests {
    private static func embed(_ image: String, _ more: String = "") -> String {
        #"{"id":1,"method":"embed","params":{"images":[\#(image)]\#(more)}}"#
    }

    @Test func halfPrecisionIsRoundedOnce() async throws {
        let digest = FakeBackend.digest(of: "a".utf8)
        let halves = digest.map { Float16($0) }
        let line = Self.embed(#"{"base64":"YQ=="}"#, #","dtype":"f16""#)
        let numbers = try await LiveServer.ask(line)
        #expect(numbers.result?.results?.first?.embedding == .numbers(halves.map { Float($0) }))
        let frame = try await LiveServer.ask(Self.embed(#"{"base64":"YQ=="}"#, #","dtype":"f16","encoding":"frame""#))
        #expect(frame.frames == [halves.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }])
    }

    @Test(arguments: ["mean", "tokens"])
    func quantisedNumbersAreWithinHalfAStep(pooling: String) async throws {
        let more = #","dtype":"int8","keep":[1,2],"pooling":"\#(pooling)""#
        let answer = try await LiveServer.ask(Self.embed(#"{"base64":"YQ=="}"#, more))
        let item = try #require(answer.result?.results?.first)
        guard case .numbers(let quantised)? = item.embedding, let scales = item.scales else {
            throw CancellationError()
        }
        #expect(scales.count == (pooling == "tokens" ? 2 : 1))
        let digest = FakeBackend.digest(of: "a".utf8)
        for (row, scale) in scales.enumerated() {
            let integers = quantised[row * 8..<(row + 1) * 8]
            #expect(integers.map { abs($0) }.max() == 127)
            #expect(integers.allSatisfy { $0 == $0.rounded() })
            for (integer, number) in zip(integers, digest) {
                #expect(abs(integer * scale - number) <= 0.5001 * scale)
            }
        }
        let frame = try await LiveServer.ask(
            Self.embed(#"{"base64":"YQ=="}"#, more + #","encoding":"frame""#))
        #expect(frame.frames == [quantised.map { UInt8(bitPattern: Int8($0)) }])
    }

    @Test func pixelsComeAsTheyAre() async throws {
        let pixels = (0..<28 * 28).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let base64 = Data(pixels).base64EncodedString()
        let backend = FakeBackend()
        let answer = try await LiveServer.running(backend) { server in
            try await LineClient.connected(to: server.unix) { client in
                let images =
                    #"{"pixels":{"frame":0},"shape":[28,28,1]},{"pixels":{"base64":"\#(base64)"},"shape":[28,28,1]},"#
                    + #"{"pixels":{"frame":0},"shape":[14,56,1]},{"pixels":{"frame":0},"shape":[28,28,3]},{"frame":0}"#
                let params = #"{"images":[\#(images)],"recipe":"none"}"#
                return try await client.ask(
                    #"{"id":1,"method":"embed","params":\#(params),"bytes":[784]}"#, frames: [pixels])
            }
        }
        let results = try #require(answer.result?.results)
        #expect(
            results.map { $0.error?.type ?? "ok" } == [
                "ok", "ok", "image_unsupported", "image_decode_failed", "image_unsupported",
            ])
        #expect(results[0].embedding == .numbers(FakeBackend.digest(of: pixels)))
        #expect(results[1].embedding == results[0].embedding)
        #expect(answer.text.contains(#""recipe":"none 28x28""#))
    }

    @Test func aPictureComesAsPixelsToo() async throws {
        let params = #"{"images":[{"base64":"YWI="}],"picture":"reconstruction","format":"pixels","encoding":"frame"}"#
        let answer = try await LiveServer.ask(#"{"id":1,"method":"reconstruct","params":\#(params)}"#)
        #expect(answer.result?.results?.first?.shape == [1, 2, 1])
        #expect(answer.result?.results?.first?.pixels == .frame(0))
        #expect(answer.frames == [Array("ab".utf8)])
    }
}
