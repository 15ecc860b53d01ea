import Foundation
import Testing
import UnmaskGraph
import UnmaskModel

/// A model is found in whatever holds it, and is the same to the bit as without what wraps it.
@Suite struct StateDictTests {
    private static let wrappers = [
        "module", "_orig_mod", "model", "backbone", "encoder", "visual", "trunk", "vit", "net", "a-name.of_no.list",
    ]
    /// Every nesting of at most two.
    static let nestings: [[String]] = [[]] + wrappers.map { [$0] } + wrappers.flatMap { a in wrappers.map { [a, $0] } }

    @Test func everyNestingInEveryContainer() throws {
        let wrapped = try WrappedModel()
        let plain = try Model.load(wrapped.safetensors(wrapped.tensors))
        #expect(plain.stateDict?.key == "." && plain.stateDict?.notice == nil && plain.notes.isEmpty, "\(plain.notes)")
        let vector = try WrappedModel.vector(plain)
        for nesting in Self.nestings {
            let prefix = nesting.map { $0 + "." }.joined()
            let prefixed = wrapped.tensors.prefixed(prefix)
            var paths = [
                try wrapped.safetensors(prefixed), try wrapped.torch(.tensors(prefixed), extension: "bin"),
                try wrapped.torch(.dictionary([("epoch", .number(3))] + keyed(nesting, wrapped.tensors))),
                try wrapped.sharded(prefixed, torch: false), try wrapped.sharded(prefixed, torch: true),
            ]
            if let first = nesting.first {
                let inner = wrapped.tensors.prefixed(nesting.dropFirst().map { $0 + "." }.joined())
                paths.append(try wrapped.torch(.dictionary([(first, .tensors(inner))]), extension: "ckpt"))
            }
            for path in paths {
                let model = try Model.load(path)
                #expect(try model.hash == plain.hash && model.recipe == plain.recipe, "\(path) \(nesting)")
                #expect(model.stateDict?.key == (nesting.isEmpty ? "." : nesting.joined(separator: ".")))
                #expect(model.stateDict?.left == [] && model.notes.isEmpty, "\(model.notes)")
            }
            if nesting.count < 2 || nesting[0] == nesting[1] {
                for path in paths { #expect(try WrappedModel.vector(Model.load(path)) == vector, "\(nesting)") }
            }
        }
    }

    /// Dictionaries in dictionaries, the tensors in the innermost.
    private func keyed(_ keys: [String], _ tensors: [String: Tensor]) -> [(String, Pickled)] {
        guard let first = keys.first else { return tensors.map { ($0.key, Pickled.tensor($0.value)) } }
        return [(first, .dictionary(keyed(Array(keys.dropFirst()), tensors)))]
    }

    @Test(
        "averaged weights go before raw ones",
        arguments: [
            ("teacher", "student"), ("model_ema", "model"), ("state_dict_ema", "state_dict"), ("ema", "module"),
            ("modelEMA", "model"), ("momentum_encoder", "base_encoder"), ("target_encoder", "encoder"),
            ("averaged_model", "model"), ("ema_model.module", "online_model"), ("model", "student"),
        ])
    func preference(best: String, other: String) throws {
        let wrapped = try WrappedModel()
        let expected = try Model.load(wrapped.safetensors(wrapped.tensors)).hash
        let otherwise = try Model.load(wrapped.safetensors(wrapped.others)).hash
        let first = (best, Pickled.tensors(wrapped.tensors)), second = (other, Pickled.tensors(wrapped.others))
        let together = wrapped.tensors.prefixed(best + ".").merging(wrapped.others.prefixed(other + ".")) { $1 }
        for path in [
            try wrapped.torch(.dictionary([first, second])), try wrapped.torch(.dictionary([second, first])),
            try wrapped.torch(.dictionary([("state_dict", .tensors(together))])), try wrapped.safetensors(together),
        ] {
            let model = try Model.load(path)
            let choice = try #require(model.stateDict)
            #expect(try model.hash == expected && choice.key.hasSuffix(best), "\(choice)")
            #expect(choice.left.count == 1 && choice.left[0].hasSuffix(other), "\(choice)")
            #expect(choice.notice?.contains("--state-dict") == true)
            let chosen = try Model.load(path, options: ModelLoadOptions(stateDict: choice.left[0]))
            #expect(try chosen.hash == otherwise && chosen.stateDict?.left == [choice.key])
        }
    }

    @Test func theBeginningOfAKeyChooses() throws {
        let wrapped = try WrappedModel()
        let path = try wrapped.torch(
            .dictionary([
                ("teacher", .tensors(wrapped.tensors.prefixed("backbone."))),
                ("student", .tensors(wrapped.others.prefixed("module.backbone."))),
            ]))
        let student = try Model.load(path, options: ModelLoadOptions(stateDict: "student"))
        #expect(student.stateDict?.key == "student.module.backbone")
        let error = try modelError(path, ModelLoadOptions(stateDict: "stud"))
        #expect("\(error)".contains("teacher.backbone, student.module.backbone"), "\(error)")
    }

    @Test func whatNothingSetsApartIsForThePersonToChoose() throws {
        let wrapped = try WrappedModel()
        let path = try wrapped.torch(
            .dictionary([("left", .tensors(wrapped.tensors)), ("right", .tensors(wrapped.others))]))
        let error = try modelError(path)
        #expect("\(error)".contains("left, right") && "\(error)".contains("--state-dict"), "\(error)")
        #expect(try Model.load(path, options: ModelLoadOptions(stateDict: "right")).stateDict?.left == ["left"])
    }

    @Test func aStateDictAroundAnotherIsChosenWithoutIt() throws {
        let wrapped = try WrappedModel()
        let path = try wrapped.safetensors(
            wrapped.tensors.merging(wrapped.others.prefixed("ema.module.")) { $1 })
        #expect(try Model.load(path).stateDict?.key == "ema.module")
        let raw = try Model.load(path, options: ModelLoadOptions(stateDict: "."))
        #expect(try raw.hash == Model.load(wrapped.safetensors(wrapped.tensors)).hash && raw.notes.isEmpty)
    }

    @Test func averagesWithoutNamesAreReported() throws {
        let wrapped = try WrappedModel()
        let shadow = Pickled.list(wrapped.others.values.map { Pickled.tensor($0) })
        let path = try wrapped.torch(
            .dictionary([
                ("model", .tensors(wrapped.tensors)), ("ema", .dictionary([("shadow_params", shadow)])),
                ("queue", shadow),
            ]))
        #expect(
            try Model.load(path).notes == ["averaged weights without names, which cannot be read: ema.shadow_params"])
    }

    @Test func aModelWithoutPositionsIsRefused() throws {
        let wrapped = try WrappedModel()
        var partial = wrapped.tensors
        partial["pos_embed"] = nil
        #expect("\(try modelError(wrapped.safetensors(partial)))".contains("pos_embed"))
    }

    @Test func theNearestLayoutIsNamedWithWhatItLacks() throws {
        let wrapped = try WrappedModel()
        var partial = wrapped.tensors
        partial["blocks.0.norm1.weight"] = nil
        let error = try modelError(
            wrapped.torch(.dictionary([("net", .tensors(partial.prefixed("module."))), ("epoch", .number(1))])))
        for part in ["net (", "timm's names in net.module", "lack blocks.0.norm1.weight"] {
            #expect("\(error)".contains(part), "\(error)")
        }
    }

    @Test func whatIsNotPartOfTheModelIsReported() throws {
        let wrapped = try WrappedModel()
        let weight = Tensor([1, 2], shape: [2])
        var together = wrapped.tensors.prefixed("model.")
        for name in ["criterion.weight", "projector.0.weight", "projector.0.bias", "model.mask_token"] {
            together[name] = weight
        }
        let model = try Model.load(wrapped.torch(.dictionary([("state_dict", .tensors(together))])))
        let notes = model.notes.joined(separator: "\n")
        for part in ["criterion.weight", "projector.* (2 tensors)", "mask_token"] {
            #expect(notes.contains(part), "\(notes)")
        }
        // At the model's own level too, and a projection in the head's place.
        var level = wrapped.tensors
        for name in ["criterion.weight", "head.mlp.0.weight", "head.last_layer.weight_g"] { level[name] = weight }
        let beside = try Model.load(wrapped.safetensors(level))
        #expect(!beside.hasHead && beside.notes.count == 2, "\(beside.notes)")
        #expect(try beside.hash == Model.load(wrapped.safetensors(wrapped.tensors)).hash)
    }

    @Test(
        "what makes another model of it is refused by name, and what is part of one alone by what lacks",
        arguments: [
            ("blocks.0.ls1.gamma", "expected"), ("blocks.0.gamma_1", "expected"),
            ("blocks.0.attn.relative_position_bias_table", "expected"), ("blocks.0.attn.q_norm.weight", "expected"),
            ("norm_pre.weight", "expected"), ("reg_token", "expected"), ("dist_token", "expected"),
            ("blocks.0.mlp.w12.weight", "a gated MLP"), ("pre_logits.fc.weight", "a layer before the head"),
            ("attn_pool.q.weight", "attention pooling"), ("blocks.0.attn.lora_A.weight", "an adapter"),
            ("rope.periods", "rotary positions"), ("some_token", "unexpected: some_token"),
            ("blocks.0.strange.weight", "unexpected: blocks.0.strange.weight"),
        ])
    func otherModels(name: String, reason: String) throws {
        let wrapped = try WrappedModel()
        var tensors = wrapped.tensors
        tensors[name] = Tensor([1, 1], shape: [2])
        let error = try modelError(wrapped.torch(.dictionary([("model", .tensors(tensors.prefixed("module.")))])))
        #expect("\(error)".contains(reason) && "\(error)".contains(name), "\(error)")
    }

    @Test(
        "other families are named, with the way that works",
        arguments: [
            ("Swin", "layers.0.blocks.0.attn.relative_position_bias_table"),
            ("BEiT", "rel_pos_bias.relative_position_bias_table"),
            ("ResNet", "layer1.0.conv1.weight"), ("CLIP", "visual.class_embedding"),
        ])
    func families(name: String, tensor: String) throws {
        let wrapped = try WrappedModel()
        let error = try modelError(wrapped.safetensors([tensor: Tensor([1], shape: [1])]))
        #expect("\(error)".contains(name) && "\(error)".contains("ONNX"), "\(error)")
    }
}
