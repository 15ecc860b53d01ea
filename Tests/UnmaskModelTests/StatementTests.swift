import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel

/// What is said of a model beside its tensors is used, refused by name, or reported.
@Suite struct StatementTests {
    /// The tiny model with a member of timm's `model_args` more.
    private func load(_ member: String, _ value: Any) throws -> Model {
        var config = WrappedModel.configuration
        var arguments = try #require(config["model_args"] as? [String: Any])
        arguments[member] = value
        config["model_args"] = arguments
        let wrapped = try WrappedModel(config: config)
        return try Model.load(wrapped.safetensors(wrapped.tensors))
    }

    @Test func activationsAreUsed() throws {
        #expect(try load("act_layer", "gelu").configuration?.gelu == .erf)
        #expect(try load("act_layer", "gelu_tanh").configuration?.gelu == .tanh)
        #expect(try load("act_layer", "quick_gelu").configuration?.gelu == .quick)
        #expect(try load("global_pool", "avg").configuration?.pooling == .mean)
        #expect(try load("num_heads", 4).configuration?.heads == 4)
    }

    private static let refusals: [(String, any Sendable)] = [
        ("act_layer", "relu"), ("norm_layer", "rmsnorm"), ("qk_norm", true), ("init_values", 1e-5),
        ("class_token", false), ("no_embed_class", true), ("reg_tokens", 4), ("pre_norm", true),
        ("global_pool", "map"), ("proj_bias", false), ("scale_attn_norm", true), ("pos_embed", "none"),
        ("pool_include_prefix", true), ("mlp_layer", "swiglu"),
    ]

    @Test("refused by name", arguments: refusals)
    func refused(member: String, value: any Sendable) throws {
        let error = try #require(#expect(throws: ModelError.self) { try load(member, value) })
        #expect("\(error)".contains("\(member) in config.json"), "\(error)")
        // A script's arguments say as much as a config.json.
        let wrapped = try WrappedModel(config: nil)
        let pickled: Pickled? =
            switch value {
            case let text as String: .text(text)
            case let bool as Bool: .bool(bool)
            case let number as Int: .number(number)
            default: nil
            }
        guard let pickled else { return }
        for arguments in [[(member, pickled)], [("model_kwargs", Pickled.dictionary([(member, pickled)]))]] {
            let path = try wrapped.torch(
                .dictionary([("model", .tensors(wrapped.tensors)), ("args", .namespace(arguments))]))
            #expect("\(try modelError(path))".contains("\(member) in the file's args"))
        }
    }

    @Test func harmlessMembersAreSilentAndUnknownOnesAreNot() throws {
        let silent: [(String, Any)] = [
            ("drop_path_rate", 0.1), ("weight_init", "jax"), ("dynamic_img_size", true), ("qk_norm", false),
            ("init_values", NSNull()), ("norm_layer", "layernorm"),
        ]
        for (name, value) in silent {
            #expect(try load(name, value).notes.isEmpty, "\(name)")
        }
        #expect(try load("attention_twist", 3).notes.joined().contains("attention_twist"))
        #expect(try load("embed_dim", 16).notes.joined().contains("embed_dim in config.json is 16, the tensors show 8"))
    }

    @Test func sizesThatAreNotSquare() throws {
        let wrapped = try WrappedModel(config: nil)
        var tensors = wrapped.tensors
        // Six patches: 8 × 12 or 12 × 8 pixels, or a row of 4 × 24.
        tensors["pos_embed"] = Tensor([Float](repeating: 0.1, count: 7 * 8), shape: [1, 7, 8])
        func load(_ arguments: [(String, Pickled)], _ options: ModelLoadOptions = ModelLoadOptions()) throws -> [Int] {
            let path = try wrapped.torch(.dictionary([("model", .tensors(tensors)), ("args", .namespace(arguments))]))
            return try Model.load(path, options: options).interface.imageSize
        }
        #expect(try load([("input_size", .list([.number(8), .number(12)]))]) == [8, 12])
        #expect(try load([("img_size", .list([.number(3), .number(12), .number(8)]))]) == [12, 8])
        #expect(try load([], ModelLoadOptions(imageSize: [4, 24])) == [4, 24])
        // Trained at one size, asked for at another.
        #expect(
            try load([("input_size", .list([.number(8), .number(12)]))], ModelLoadOptions(imageSize: [16, 16]))
                == [16, 16])
        let error = try #require(#expect(throws: ModelError.self) { try load([("input_size", .number(8))]) })
        #expect("\(error)".contains("--size") && "\(error)".contains("input_size"), "\(error)")
        try wrapped.write(config: ["image_size": [12, 8]])
        #expect(try Model.load(wrapped.safetensors(tensors)).interface.imageSize == [12, 8])
    }

    @Test func whatIsAssumedDoesNotDependOnTheContainer() throws {
        let wrapped = try WrappedModel(config: nil)
        let paths = [
            try wrapped.safetensors(wrapped.tensors), try wrapped.torch(.tensors(wrapped.tensors), extension: "pt"),
            try wrapped.sharded(wrapped.tensors, torch: true), try wrapped.sharded(wrapped.tensors, torch: false),
        ]
        for path in paths {
            let model = try Model.load(path)
            #expect(model.recipe.name == .timm && model.recipe.mean == [0.5, 0.5, 0.5])
            let note = model.notes.joined(separator: "\n")
            #expect(note.contains("--recipe") && note.contains("preprocessor_config.json"), "\(note)")
            #expect(
                try !Model.load(path, options: ModelLoadOptions(recipe: RecipeOptions(.name(.squash)))).notes.joined()
                    .contains("--recipe"))
        }
        let trained = try Model.load(wrapped.torch(.dictionary([("model", .tensors(wrapped.tensors))])))
        #expect(trained.recipe.name == .mae && trained.recipe.mean == Recipe.imageNetMean)
        // Said beside the file, it is the same for all.
        try wrapped.write(
            config: ["image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]], as: "preprocessor_config.json")
        for path in paths {
            let model = try Model.load(path)
            #expect(model.recipe.mean == [0.1, 0.2, 0.3] && !model.notes.joined().contains("prepared"))
        }
    }

    @Test func namesThatAreNoPathsAreTold() throws {
        let wrapped = try WrappedModel(config: nil)
        #expect("\(try modelError("facebook/vit-mae-base"))".contains("hf download facebook/vit-mae-base"))
        #expect("\(try modelError("https://example.org/mae.pth"))".contains("a URL"))
        #expect("\(try modelError("some/model.pth"))".contains("no such file"))
        #expect(!"\(try modelError("some/model.pth"))".contains("hf download"))
        for (name, reason) in [("flax_model.msgpack", "from_flax"), ("tf_model.h5", "from_tf"), ("odd.pth", "odd.pth")]
        {
            let folder = wrapped.folder + "/" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: folder + "/" + name))
            #expect("\(try modelError(folder))".contains(reason))
        }
        let pointer = wrapped.folder + "/pointer.onnx"
        try Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".utf8).write(
            to: URL(fileURLWithPath: pointer))
        #expect("\(try modelError(pointer))".contains("git lfs pull"))
    }

    @Test func aStateDictIsChosenOnlyWhereThereAreSome() throws {
        let wrapped = try WrappedModel()
        let own = wrapped.folder + "/own.safetensors"
        try Model.load(wrapped.safetensors(wrapped.tensors)).write(to: own)
        #expect("\(try modelError(own, ModelLoadOptions(stateDict: "teacher")))".contains("teacher"))
    }
}
