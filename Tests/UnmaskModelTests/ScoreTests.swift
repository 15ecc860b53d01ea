import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime

@testable import UnmaskModel

/// Heads answer as what they are: a softmax, labels each on their own, or quantities.
@Suite struct ScoreTests {
    /// transformers' tiny ViT with a `config.json` that says more.
    private static func model(_ members: [String: Any]) throws -> Model {
        let source = Fixture.root + "/checkpoints/tiny-hf-vit"
        let folder = try TemporaryFile("").path
        try FileManager.default.copyItem(atPath: source, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let url = URL(fileURLWithPath: folder + "/config.json")
        var config = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        config.merge(members) { $1 }
        try JSONSerialization.data(withJSONObject: config).write(to: url)
        return try Model.load(folder)
    }

    private static func image(_ recipe: Recipe) -> PixelImage {
        PixelImage(
            width: recipe.width, height: recipe.height, channels: recipe.channels,
            pixels: (0..<recipe.width * recipe.height * recipe.channels).map {
                UInt8(truncatingIfNeeded: $0 &* 77 >> 3)
            })
    }

    /// The scores of an image in the order of the outputs.
    private static func scores(_ model: Model, _ kind: ScoreKind? = nil) throws -> (numbers: [Double], kind: ScoreKind)
    {
        let session = try ModelSession(model, engine: Engine(threads: 1))
        let found = try session.classify([image(model.recipe)], topK: 1000, scores: kind)[0]
        #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
        return (
            found.sorted { $0.index < $1.index }.map { Double($0.score) }, try #require(found.first).kind
        )
    }

    private static func expectSigmoid(_ model: Model) throws {
        let logits = try scores(model, .logits).numbers
        let found = try scores(model)
        #expect(found.kind == .sigmoid && abs(found.numbers.reduce(0, +) - 1) > 0.1)
        for (score, logit) in zip(found.numbers, logits) { #expect(abs(score - 1 / (1 + exp(-logit))) < 1e-6) }
    }

    @Test func transformersSaysWhatItsHeadIs() throws {
        let single = try Self.scores(try Self.model([:]))
        #expect(single.kind == .probabilities && abs(single.numbers.reduce(0, +) - 1) < 1e-5)
        try Self.expectSigmoid(Self.model(["problem_type": "multi_label_classification"]))
        let regression = try Self.model(["problem_type": "regression"])
        #expect(try Self.scores(regression).kind == .values)
        #expect(try Self.scores(regression).numbers == Self.scores(regression, .logits).numbers)
        let error = #expect(throws: ModelError.self) { try Self.model(["problem_type": "ranking"]) }
        #expect(error?.description.contains("problem_type in config.json is “ranking”") ?? false)
    }

    @Test("a single output is a quantity, and never the softmax of itself")
    func singleOutputs() throws {
        var configuration = SyntheticViT.configuration
        configuration.classes = 1
        let model = try Model.synthetic(configuration, name: "one output")
        #expect(model.interface.scores == [.values, .sigmoid, .logits])
        let session = try ModelSession(model, engine: Engine(threads: 1))
        let images = SyntheticViT.images(1)
        #expect(try session.classify(images)[0][0].score != 1)
        let error = #expect(throws: ModelError.self) { try session.classify(images, scores: .probabilities) }
        #expect(error?.description.contains("gives values, sigmoid, logits") ?? false)
    }

    @Test("a threshold leaves out what scores less, as the scores are asked for")
    func thresholds() throws {
        let model = try Self.model(["problem_type": "multi_label_classification"])
        let session = try ModelSession(model, engine: Engine(threads: 1))
        let images = [Self.image(model.recipe)]
        let all = try session.classify(images, topK: 7)[0]
        for count in 0...7 {
            let least = count < 7 ? all[count].score.nextUp : 0
            #expect(try session.classify(images, topK: 7, threshold: least)[0] == Array(all.prefix(count)))
        }
    }

    @Test("files that Unmask writes say what the head is", arguments: ["multi_label_classification", "regression"])
    func filesKeepIt(problem: String) throws {
        let model = try Self.model(["problem_type": problem])
        let own = try TemporaryFile(".safetensors")
        try model.write(to: own.path)
        let exported = try TemporaryFile()
        try model.onnx(ModelExportOptions(part: .classifier, opset: 17), producerVersion: "test")
            .write(to: exported.path, externalData: .automatic)
        for path in [own.path, exported.path] {
            let again = try Model.load(path)
            #expect(again.interface.scores == model.interface.scores)
            #expect(try Self.scores(again).numbers == Self.scores(model).numbers)
        }
    }

    @Test("a graph that ends in a sigmoid is not given a softmax besides")
    func graphsThatEndInASigmoid() throws {
        let checkpoint = try Model.synthetic(SyntheticViT.configuration, name: "checkpoint")
        var graph = try #require(try checkpoint.graph(pixels: .normalised).pruned(to: ["logits"]))
        let logits = try #require(graph.output(named: "logits"))
        graph.removeOutputs()
        let scores = try graph.add(.unary(.sigmoid), named: "end", [logits], outputs: ["scores"])[0]
        graph.addOutput("scores", scores)
        var facts = GraphModel.Facts()
        facts.preparation = ResolvedRecipe(recipe: checkpoint.recipe, origins: [], notes: [])
        let model = Model(
            .graph(try GraphModel(graph, document: nil, tensors: [:], identity: "x", facts, file: "x")), name: "x")
        #expect(model.interface.scores == [.sigmoid, .probabilities, .logits, .values])
        let engine = try Engine(threads: 1)
        let images = SyntheticViT.images(2)
        #expect(
            try ModelSession(model, engine: engine).classify(images)
                == ModelSession(checkpoint, engine: engine).classify(images, scores: .sigmoid))
    }

    @Test func labelsCanBeGiven() throws {
        let path = Fixture.root + "/checkpoints/tiny-hf-vit"
        let names = (0..<7).map { "name \($0)" }
        #expect(try Model.load(path, options: ModelLoadOptions(labels: names)).labels == names)
        let error = #expect(throws: ModelError.self) {
            try Model.load(path, options: ModelLoadOptions(labels: ["one"]))
        }
        #expect(error?.description.contains("1 labels were given for a head of 7 outputs") ?? false)
    }
}
