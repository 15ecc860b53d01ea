import Foundation
import Testing
import UnmaskGraph
import UnmaskModel
import UnmaskWeights

/// What a checkpoint says of itself is understood, and what it says wrongly is refused by name, never a crash.
@Suite struct CheckpointTests {
    private static let checkpoints = Fixture.root + "/checkpoints/"

    /// A copy of a Hugging Face fixture whose config.json is changed.
    private func load(_ name: String, _ edit: (inout [String: Any]) -> Void) throws -> Model {
        let folder = NSTemporaryDirectory() + "unmask-checkpoint-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: Self.checkpoints + name, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = URL(fileURLWithPath: folder + "/config.json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: path))
        var object = try #require(json as? [String: Any])
        edit(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: path)
        return try Model.load(folder)
    }

    @Test func configurationsAreRead() throws {
        let mae = try Model.load(Self.checkpoints + "tiny-hf-mae")
        #expect(mae.hasDecoder && !mae.hasHead)
        #expect(mae.recipe.name == .hf)
        #expect(mae.recipe.mean == [0.485, 0.456, 0.406])
        let fineTuned = try Model.load(
            Self.checkpoints + "tiny-mae-pth-finetuned/checkpoint.pth", options: ModelLoadOptions(heads: 2))
        #expect(fineTuned.hasHead && fineTuned.configuration?.fcNorm == true && fineTuned.interface.pooling == .mean)
        #expect(fineTuned.recipe.name == .mae)
        let timm = try Model.load(Self.checkpoints + "tiny-timm-token")
        #expect(timm.recipe.name == .timm && timm.interface.pooling == .cls)
    }

    @Test(
        "values that make no sense are refused",
        arguments: [
            #"{"patch_size":0}"#,
            #"{"patch_size":-4}"#,
            #"{"patch_size":[4,5]}"#,
            #"{"patch_size":[]}"#,
            #"{"image_size":[]}"#,
            #"{"image_size":0}"#,
            #"{"image_size":1152921504606846976}"#,
            #"{"image_size":[16,1152921504606846976]}"#,
            #"{"image_size":15}"#,
            #"{"hidden_size":0}"#,
            #"{"hidden_size":1099511627776}"#,
            #"{"num_attention_heads":0}"#,
            #"{"num_attention_heads":7}"#,
            #"{"num_hidden_layers":1099511627776}"#,
            #"{"num_hidden_layers":-1}"#,
            #"{"intermediate_size":4611686018427387904}"#,
            #"{"num_channels":1125899906842624}"#,
            #"{"layer_norm_eps":0}"#,
            #"{"layer_norm_eps":-1}"#,
            #"{"hidden_act":"relu"}"#,
            #"{"model_type":"clip"}"#,
            #"{"decoder_hidden_size":-3}"#,
            #"{"decoder_num_attention_heads":0}"#,
        ])
    func nonsense(change: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(change.utf8))
        let values = try #require(object as? [String: Any])
        #expect(throws: ModelError.self) {
            try load("tiny-hf-mae") { config in config.merge(values) { $1 } }
        }
    }

    @Test func aWrongDepthNamesEveryMissingTensor() throws {
        do {
            _ = try load("tiny-hf-vit") { $0["num_hidden_layers"] = 4 }
            Issue.record("a model with missing blocks was loaded")
        } catch let error as ModelError {
            guard case .parameterMismatch(_, let missing, let unexpected, let misshapen) = error else { throw error }
            #expect(missing.contains("blocks.3.attn.qkv.weight") && missing.contains("blocks.3.mlp.fc2.bias"))
            #expect(missing.count % 12 == 0 && unexpected.isEmpty && misshapen.isEmpty)
        }
    }

    @Test func theHashIsTheModelsNotTheFiles() throws {
        let one = try Model.load(Self.checkpoints + "tiny-hf-mae")
        #expect(try one.hash.count == 64)
        #expect(try Model.load(Self.checkpoints + "tiny-hf-mae").hash == one.hash)
        #expect(try Model.load(Self.checkpoints + "tiny-hf-mae-encoder").hash != one.hash)
        let path = NSTemporaryDirectory() + "unmask-hash-" + UUID().uuidString + ".safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try one.write(to: path)
        // Stated in the file, and the same when it is computed from what the file holds.
        #expect(try Model.load(path).hash == one.hash)
        let file = try TensorFile(path: path)
        var metadata = file.metadata
        #expect(try metadata.removeValue(forKey: "hash") == one.hash)
        try SafetensorsWriter.write(file.tensors(), metadata: metadata, to: path)
        #expect(try Model.load(path).hash == one.hash)
    }
}
