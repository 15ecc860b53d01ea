import Foundation
import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// The real engine behind the socket, with a small model of arbitrary weights.
@Suite struct ModelBackendTests {
    private func ask(_ session: ModelSession, _ line: String, frames: [[UInt8]]) async throws -> ServerAnswer {
        try await LiveServer.running(try ModelBackend(session)) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(line, frames: frames)
                return try #require(await client.receive())
            }
        }
    }

    @Test(arguments: [Pooling.cls, .mean, .tokens], ["", #","keep":0.5,"seed":3"#])
    func anEmbeddingOverTheSocketHasTheEnginesOwnBits(pooling: Pooling, keep: String) async throws {
        let session = try SmallModel.session()
        let images = try (0..<6).map { try SmallModel.picture($0).pngData() }
        let list = images.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
        let lengths = images.map(\.count.description).joined(separator: ",")
        let params = #"{"images":[\#(list)],"pooling":"\#(pooling)","normalize":true,"dimensions":20\#(keep)}"#
        let answer = try await ask(
            session, #"{"id":1,"method":"embed","params":\#(params),"bytes":[\#(lengths)]}"#, frames: images)
        let results = try #require(answer.result?.results)

        let mask: Mask = try keep.isEmpty ? .none(patches: 16) : .random(patches: 16, keeping: 0.5, seed: 3)
        for (image, result) in zip(images, results) {
            let options = EmbeddingOptions(pooling: pooling, normalize: true, dimensions: 20)
            let alone = try session.embed([session.model.recipe.prepare(image)], options: options, masks: [mask])[0]
            #expect(result.embedding == .numbers(alone.values))
            #expect(result.shape == alone.shape)
            #expect(answer.text.contains(#""recipe":"\#(alone.stamp.recipe)""#))
        }
        #expect(results.count == 6)
    }

    @Test func classesAndReconstructionsComeThrough() async throws {
        let session = try SmallModel.session()
        let image = try SmallModel.picture(1).pngData()
        let pixels = try session.model.recipe.prepare(image)
        let images = #""images":[{"frame":0}]},"bytes":[\#(image.count)]}"#
        let classes = try await ask(
            session, #"{"id":1,"method":"classify","params":{"top_k":3,"# + images, frames: [image])
        let expected = try session.classify([pixels], topK: 3)[0]
        let labels = try #require(classes.result?.results?.first?.labels)
        #expect(labels.map(\.index) == expected.map(\.index))
        #expect(labels.map(\.probability) == expected.map(\.score))

        let picture = try await ask(
            session, #"{"id":1,"method":"reconstruct","params":{"ratio":0.5,"seed":9,"encoding":"frame","# + images,
            frames: [image])
        let mask = try Mask.random(patches: 16, ratio: 0.5, seed: 9)
        let reconstruction = try session.reconstruct([pixels], masks: [mask])[0]
        #expect(picture.frames == [try reconstruction.pictures.panel().pngData()])
        #expect(picture.result?.idsKeep == mask.idsKeep)
        #expect(picture.result?.mask == mask.removed)
        #expect(picture.result?.results?.first?.patchErrors == reconstruction.patchErrors)

        let sheet = try await ask(
            session,
            #"{"id":1,"method":"reconstruct","params":{"ratio":0.5,"seed":9,"picture":"sheet","format":"pixels","#
                + #""encoding":"frame","# + images,
            frames: [image])
        let pictures = [
            reconstruction.original, reconstruction.masked, reconstruction.reconstruction, reconstruction.merged,
        ]
        #expect(sheet.frames == [pictures.flatMap(\.pixels)])
        #expect(sheet.result?.results?.first?.shape == [4 * pixels.height, pixels.width, pixels.channels])
    }

    @Test func everyKindOfBadImageHasItsError() async throws {
        let png = try SmallModel.picture(1).pngData()
        let images: [[UInt8]] = [[], Array("not an image".utf8), Array(png.prefix(200)), png]
        let list = images.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
        let lengths = images.map(\.count.description).joined(separator: ",")
        let answer = try await ask(
            SmallModel.session(), #"{"id":1,"method":"embed","params":{"images":[\#(list)]},"bytes":[\#(lengths)]}"#,
            frames: images)
        #expect(
            answer.result?.results?.map { $0.error?.type ?? "ok" } == [
                "image_truncated", "image_unsupported", "image_truncated", "ok",
            ])
    }
}
