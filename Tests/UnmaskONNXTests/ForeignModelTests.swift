import Foundation
import Testing
import UnmaskGraph
import UnmaskONNX
import UnmaskRuntime

/// An ONNX file that one of torch's exporters wrote, with onnxruntime's answers, made by
/// Tests/Oracles/onnx/make_foreign.py.
struct ForeignModel: Decodable, CustomStringConvertible, Sendable {
    struct Array: Decodable, Sendable {
        let name: String
        let shape: [Int]
    }

    let name: String
    let attentions: Int
    let mlps: Int
    let inputs: [Array]
    let outputs: [Array]

    var description: String { name }

    /// The committed files, or those of `UNMASK_FOREIGN_MODELS`, a folder that `make parity` fills.
    static let folder =
        ProcessInfo.processInfo.environment["UNMASK_FOREIGN_MODELS"]
        ?? Bundle.module.resourceURL?.appendingPathComponent("Fixtures/foreign").path ?? "Fixtures/foreign"

    static let all: [ForeignModel] = described(in: folder)

    /// What a folder's JSON files say, by their names.
    static func described<Description: Decodable>(in folder: String) -> [Description] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
            (try? Data(contentsOf: URL(fileURLWithPath: folder + "/" + file)))
                .flatMap { try? JSONDecoder().decode(Description.self, from: $0) }
        }
    }

    var path: String { "\(Self.folder)/\(name).onnx" }

    /// The numbers of all inputs and outputs, by name.
    func numbers() throws -> [String: [Float]] {
        try Self.numbers(of: inputs + outputs, in: "\(Self.folder)/\(name).f32")
    }

    /// The numbers of arrays that follow one another in a file, by name.
    static func numbers(of arrays: [Array], in file: String) throws -> [String: [Float]] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var all = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }[...]
        return Dictionary(
            uniqueKeysWithValues: arrays.map { array in
                let count = array.shape.reduce(1, *)
                defer { all = all.dropFirst(count) }
                return (array.name, Swift.Array(all.prefix(count)))
            })
    }
}

@Suite struct ForeignModelTests {
    @Test func thereAreSome() {
        #expect(ForeignModel.all.count >= 8)
    }

    @Test("fuses every attention and MLP, and agrees with onnxruntime", arguments: ForeignModel.all)
    func agrees(model: ForeignModel) throws {
        var graph = try ONNXModel.load(model.path).graph
        graph.raise()
        let session = try Session(graph, engine: Engine(threads: 1))
        let numbers = try model.numbers()
        let bindings = ["B": model.inputs[0].shape[0]]
        let names = model.outputs.map(\.name)

        let report = try session.fusionReport(bindings: bindings, outputs: names)
        #expect(report.count(of: "attention") == model.attentions, "\(report)")
        #expect(report.count(of: "MLP") == model.mlps, "\(report)")
        #expect(report.count(of: "patch embedding") == 1, "\(report)")
        #expect(
            !report.plain.contains { ["matMul", "gemm", "softmax", "convolution", "erf"].contains($0.op) }, "\(report)")

        let inputs = try model.inputs.map { ($0.name, InputArray.f32(try #require(numbers[$0.name]))) }
        let found = try session.run(Dictionary(uniqueKeysWithValues: inputs), bindings: bindings, outputs: names)
        for output in model.outputs {
            let (result, expected) = (try #require(found[output.name]), try #require(numbers[output.name]))
            #expect(result.shape == output.shape)
            let largest = expected.map(abs).max() ?? 0
            let worst = zip(result.values, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(largest > 0 && worst <= 1e-4 * largest, "\(output.name): relative \(worst / largest)")
        }
    }
}
