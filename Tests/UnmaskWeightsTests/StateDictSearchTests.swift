import Foundation
import Testing
import UnmaskWeights

@Suite struct StateDictSearchTests {
    private typealias Pickle = PickleBuilder

    private static let tensor = PickleBuilder.tensor(shape: [4], strides: [1])
    private static let patterns = [
        StateDictPattern(name: "plain", required: ["patch.weight", "token"]),
        StateDictPattern(name: "stemmed", required: ["embed.weight", "embed.token"], stems: ["vit."]),
    ]

    private func open(_ pickle: [UInt8]) throws -> TensorFile {
        let folder = try TemporaryFolder()
        let zip = ZipBuilder([("x/data.pkl", pickle), ("x/data/0", Array(repeating: 1, count: 16))])
        return try TensorFile(path: folder.write(zip.bytes))
    }

    private func dictionary(_ names: String..., prefix: String = "") -> [UInt8] {
        Pickle.nested(names.map { (prefix + $0, Self.tensor) })
    }

    private func search(_ items: [(String, [UInt8])]) throws -> StateDictSearch {
        StateDictSearch(try open(Pickle.dictionary(items)).stateDicts, Self.patterns)
    }

    @Test func everyDictionaryOfTensorsIsListed() throws {
        let list = Array("](".utf8) + dictionary("a") + dictionary("b") + Array("e".utf8)
        let file = try open(
            Pickle.dictionary([
                ("own", Self.tensor), ("model", dictionary("a", "b")), ("epoch", Pickle.integer(3)), ("models", list),
                ("deep", Pickle.nested([("er", dictionary("c"))])),
            ]))
        #expect(Set(file.stateDicts.map(\.key)) == [".", "model", "models.0", "models.1", "deep.er"])
        #expect(file.stateDicts.first { $0.key == "model" }?.names == ["a", "b"])
    }

    @Test func thePrefixIsWhatStandsBeforeAllThatIsRequired() throws {
        let found = try search([
            ("x", dictionary("patch.weight", "token", prefix: "a.b.")), ("y", dictionary("patch.weight", prefix: "c.")),
            ("z", dictionary("embed.weight", "embed.token", prefix: "m.vit.")),
        ])
        #expect(found.whole.map(\.key) == ["z.m", "x.a.b"] && found.whole.map(\.prefix) == ["m.", "a.b."])
        #expect(found.whole.map(\.pattern) == [1, 0])
        let partial = try search([("y", dictionary("patch.weight", prefix: "c."))])
        #expect(partial.whole.isEmpty && partial.nearest?.key == "y.c" && partial.nearest?.missing == ["token"])
        // A name must end with a required one at a dot.
        #expect(try search([("x", dictionary("mypatch.weight", "mytoken"))]).nearest == nil)
    }

    @Test func theOrderIsRoleConventionDepth() throws {
        let model = dictionary("patch.weight", "token")
        let found = try search([
            ("student", model), ("other", Pickle.nested([("net", model)])), ("net", model), ("module", model),
            ("state_dict", model), ("model", model), ("model_ema", model),
        ])
        #expect(
            found.whole.map(\.key) == ["model_ema", "model", "state_dict", "module", "net", "other.net", "student"])
        guard case .ambiguous(let equals) = try search([("a", model), ("b", model)]).select() else {
            Issue.record("one of two equals was chosen")
            return
        }
        #expect(equals.map(\.key) == ["a", "b"])
        guard case .none = found.select("nothing") else {
            Issue.record("an unknown key chose something")
            return
        }
    }

    @Test func hostileNestingIsBounded() throws {
        let model = dictionary("patch.weight", "token")
        // Deeper than is looked into.
        let deep = (0..<100).reduce(model) { inner, _ in Pickle.nested([("d", inner)]) }
        #expect(try search([("deep", deep), ("model", model)]).whole.map(\.key) == ["model"])
        // A dictionary in itself, and one under two keys: each is visited once.
        let cyclic = Array("}q\u{0}(".utf8) + Pickle.string("self") + [0x68, 0]
        let itself = cyclic + Pickle.string("token") + Self.tensor + Pickle.string("patch.weight") + Self.tensor
        #expect(try search([("a", itself + Array("u".utf8)), ("b", [0x68, 0])]).whole.map(\.key) == ["a"])
        // A hundred thousand dictionaries beside the model, in a list and under keys.
        let log = Array("](".utf8) + Array(repeating: Array("}".utf8), count: 100_000).joined() + Array("e".utf8)
        #expect(try search([("log", log), ("model", model)]).whole.map(\.key) == ["model"])
        let many = Pickle.nested((0..<100_000).map { ("\($0)", Pickle.nested([])) })
        #expect(try search([("model", model), ("many", many)]).whole.map(\.key) == ["model"])
        // Every name under a prefix of its own.
        let prefixes = Pickle.nested((0..<20_000).map { ("p\($0).token", Self.tensor) })
        #expect(try search([("many", prefixes)]).nearest?.missing == ["patch.weight"])
    }

    @Test func tensorsOfADictionaryThatIsNotChosenAreNotLookedAt() throws {
        let bad = Pickle.tensor(shape: [1 << 40], strides: [1])
        let file = try open(Pickle.dictionary([("bad", Pickle.nested([("w", bad)])), ("model", dictionary("w"))]))
        let model = try #require(file.stateDicts.first { $0.key == "model" })
        #expect(try file.tensors(of: model).names == ["w"])
        let other = try #require(file.stateDicts.first { $0.key == "bad" })
        #expect(try weightsError { _ = try file.tensors(of: other) }.cause == .torchViewOutside)
    }

    @Test func argumentsAreMetadata() throws {
        let size = Pickle.tuple([Pickle.integer(16), Pickle.integer(32)])
        let file = try open(
            Pickle.dictionary([
                ("model", dictionary("w")),
                (
                    "hyper_parameters",
                    Pickle.nested([("size", size), ("more", Pickle.nested([("x", Pickle.integer(1))]))])
                ),
            ]))
        #expect(file.metadata == ["args.size": "[16,32]", "args.more.x": "1"])
    }

    @Test func shardsOfTorch() throws {
        let folder = try TemporaryFolder()
        let zip = { (name: String) in
            ZipBuilder([
                ("x/data.pkl", PickleBuilder.dictionary([(name, Self.tensor)])),
                ("x/data/0", Array(repeating: 1, count: 16)),
            ]).bytes
        }
        _ = try folder.write(zip("a"), to: "1.bin")
        _ = try folder.write(zip("b"), to: "2.bin")
        let index = try folder.write(
            #"{"weight_map":{"a":"1.bin","b":"2.bin"}}"#.utf8, to: "pytorch_model.bin.index.json")
        #expect(try TensorFile(path: index).tensors().names == ["a", "b"])
        let loop = try folder.write(#"{"weight_map":{"a":"loop.json"}}"#.utf8, to: "loop.json")
        #expect(try weightsError { _ = try TensorFile(path: loop) }.cause == .formatUnknown)
    }

    @Test func foreignFormatsAreNamed() throws {
        let folder = try TemporaryFolder()
        let cases: [(name: String, bytes: [UInt8], cause: WeightsError.Cause, part: String)] = [
            (
                "w.safetensors", Array("version https://git-lfs.github.com/spec/v1\n".utf8), .gitLFSPointer,
                "git lfs pull"
            ),
            ("w.h5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .formatForeign, "HDF5"),
            ("flax_model.msgpack", [0x81, 0xA1], .formatForeign, "from_flax"),
            ("model.ckpt.data-00000-of-00001", [1, 2], .formatForeign, "TensorFlow"),
            ("model.ckpt.index", [0, 0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB], .formatForeign, "TensorFlow"),
            ("graph.pb", [10, 10], .formatForeign, "tf2onnx"),
            ("w.tflite", [0, 0, 0, 0] + Array("TFL3".utf8), .formatForeign, "Lite"),
            ("page.pth", Array("<!DOCTYPE html><html>".utf8), .formatForeign, "/resolve/"),
            ("w.pth.gz", [0x1F, 0x8B, 8], .formatForeign, "gunzip"),
            ("w.npz", ZipBuilder([("a.npy", [1])]).bytes, .formatForeign, "NumPy"),
            ("w.pt", ZipBuilder([("m/data.pkl", [1]), ("m/constants.pkl", [1])]).bytes, .torchScript, "state_dict()"),
            ("w.pt2", ZipBuilder([("m/archive_format", [1])]).bytes, .formatForeign, "torch.export"),
        ]
        for (name, bytes, cause, part) in cases {
            let path = try folder.write(bytes, to: name)
            let error = try weightsError { _ = try TensorFile(path: path) }
            #expect(error.cause == cause && error.description.contains(part), "\(name): \(error)")
        }
        // Compressed entries do not hide what an archive is.
        var packed = ZipBuilder([("m/data.pkl", [1]), ("m/constants.pkl", [1])])
        packed.entries[0].method = 8
        let path = try folder.write(packed.bytes, to: "packed.pt")
        #expect(try weightsError { _ = try TensorFile(path: path) }.cause == .torchScript)
    }
}
