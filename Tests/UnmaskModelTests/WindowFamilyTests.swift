import Foundation
import Testing
import UnmaskModel

/// Windows that tensors do not tell, and positions that are stretched already.
@Suite struct WindowFamilyTests {
    /// A checkpoint's folder with another `config.json`; none where `change` gives nil.
    private func folder(
        of checkpoint: String, _ change: ([String: Any]) -> [String: Any]?, _ body: (String) throws -> Void
    ) throws {
        let folder = NSTemporaryDirectory() + "unmask-model-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: Fixture.root + "/checkpoints/" + checkpoint, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let config = URL(fileURLWithPath: folder + "/config.json")
        let members = try JSONSerialization.jsonObject(with: Data(contentsOf: config))
        try FileManager.default.removeItem(at: config)
        if let changed = change(try #require(members as? [String: Any])) {
            try JSONSerialization.data(withJSONObject: changed).write(to: config)
        }
        try body(folder)
    }

    private func expectRefused(_ path: String, _ size: [Int]?, _ part: String) throws {
        let error = #expect(throws: ModelError.self) {
            try Model.load(path, options: ModelLoadOptions(imageSize: size))
        }
        #expect("\(try #require(error))".contains(part))
    }

    @Test("windows as large as the image are told apart at another size by what is said alone")
    func untoldWindows() throws {
        try folder(of: "tiny-sam-neckless", { _ in nil }) { folder in
            try expectRefused(folder, [64, 48], "window_size, global_attn_indexes and img_size")
        }
        let untold: ([String: Any]) -> [String: Any]? = { config in
            var changed = config
            changed["model_args"] = ["img_size": 32]
            changed["architecture"] = "vit_of_ones_own"
            return changed
        }
        try folder(of: "tiny-sam-neckless", untold) { folder in
            try expectRefused(folder, [64, 48], "window_size, global_attn_indexes and img_size")
            // At their own size both are the same.
            #expect(try Model.load(folder).configuration?.composition.block.windows == nil)
        }
        let said = try Model.load(Fixture.root + "/checkpoints/tiny-sam-neckless")
        #expect(said.configuration?.composition.block.windows == WindowPlan(side: 4, global: [1]))
    }

    @Test("ViTDet's positions are stretched once, and convolutions between its blocks are refused")
    func vitDet() throws {
        let path = Fixture.root + "/checkpoints/tiny-hf-vitdet"
        try expectRefused(path, [64, 64], "image_size in config.json")
        #expect(try Model.load(path, options: ModelLoadOptions(imageSize: [48, 48])).interface.patches == 36)
        let bottleneck: ([String: Any]) -> [String: Any]? = { $0.merging(["residual_block_indices": [1]]) { $1 } }
        try folder(of: "tiny-hf-vitdet", bottleneck) { try expectRefused($0, nil, "residual_block_indices") }
    }
}
