import Foundation
import Testing
import UnmaskModel
import UnmaskRuntime

/// The golden image and what checkpoints say of it.
@Suite struct GoldenTests {
    private static let model = ParityCase.folders().first { $0.hasSuffix("tiny-hf-vit") } ?? ""

    private func checkpoint(_ type: StorageType?, golden: Bool) throws -> Model {
        let test: ParityCase = try Fixture.json(Self.model + "/case.json")
        let source = try Model.load(Self.model + "/" + test.checkpoint)
        let path = NSTemporaryDirectory() + "unmask-golden-" + UUID().uuidString + ".safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try source.write(to: path, as: type, golden: golden)
        return try Model.load(path)
    }

    @Test("a file says what the model makes of it, in every storage", arguments: [nil, StorageType.f16])
    func statedVectorsHold(type: StorageType?) throws {
        let model = try checkpoint(type, golden: true)
        let stated = try #require(model.golden)
        for set in InstructionSet.vectorWidths {
            let session = try ModelSession(model, engine: Engine(threads: 1, instructionSet: set), maximumBatch: 1)
            let found = try #require(try session.goldenVector())
            #expect(stated.difference(from: found.vector, precision: "f32") == nil)
        }
        #expect(try checkpoint(type, golden: false).golden == nil)
    }

    @Test func aWrongVectorIsTold() throws {
        let vector = GoldenVector(pooling: .cls, vector: [1, 2, 3])
        #expect(vector.difference(from: [1, 2, 3.0005], precision: "f32") == nil)
        #expect(vector.difference(from: [1, 2, 3.01], precision: "f32") != nil)
        #expect(vector.difference(from: [1, 2, 3.01], precision: "int8") == nil)
        #expect(vector.difference(from: [3, 2, 1], precision: "int8") != nil)
        #expect(vector.difference(from: [1, 2], precision: "f32") != nil)
        #expect(vector.difference(from: [.nan, 2, 3], precision: "f32") != nil)
    }

    /// Another picture would need another name. The FNV-1a hash of the samples that the same formula gives in Python.
    @Test func thePictureNeverChanges() {
        let picture = GoldenImage.picture
        #expect(picture.height == 240 && picture.width == 320 && picture.channels == 3)
        let sum = picture.pixels.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { hash, byte in
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        #expect(sum == 0x05bd_c14d_1207_a2e8)
    }
}
