import Foundation
import Testing
import UnmaskGraph
import UnmaskONNX
import UnmaskRuntime

/// An ONNX file as another tool rewrote it (a converter to half precision, an optimiser, a quantiser), with onnxruntime's
/// answers, made by Tests/Oracles/onnx/make_variants.py.
struct ForeignVariant: Decodable, CustomStringConvertible, Sendable {
    let name: String
    /// The largest difference as a share of the largest number.
    let tolerance: Float
    let inputs: [ForeignModel.Array]
    let outputs: [ForeignModel.Array]

    var description: String { name }

    /// The committed files, or those of `UNMASK_FOREIGN_VARIANTS`, a folder that `make parity` fills.
    static let folder =
        ProcessInfo.processInfo.environment["UNMASK_FOREIGN_VARIANTS"]
        ?? Bundle.module.resourceURL?.appendingPathComponent("Fixtures/variants").path ?? "Fixtures/variants"

    static let all: [ForeignVariant] = ForeignModel.described(in: folder)

    var path: String { "\(Self.folder)/\(name).onnx" }

    func numbers() throws -> [String: [Float]] {
        try ForeignModel.numbers(of: inputs + outputs, in: "\(Self.folder)/\(name).f32")
    }
}

@Suite struct ForeignVariantTests {
    @Test func thereAreSome() {
        #expect(ForeignVariant.all.count >= 8)
    }

    /// In float32, and in what the file states.
    @Test("gives what onnxruntime gives", arguments: ForeignVariant.all, [Precision.f32, .file])
    func agrees(variant: ForeignVariant, precision: Precision) throws {
        var graph = try ONNXModel.load(variant.path).graph
        graph.raise()
        let engine = try Engine(threads: 1, arithmetics: Set(Arithmetic.allCases))
        let session = try Session(graph, engine: engine, precision: precision)
        let numbers = try variant.numbers()
        let taken = Set(graph.inputs.map { graph[$0].name })
        let inputs = try variant.inputs.filter { taken.contains($0.name) }
            .map { ($0.name, InputArray.f32(try #require(numbers[$0.name]))) }
        let found = try session.run(
            Dictionary(uniqueKeysWithValues: inputs), bindings: ["B": variant.inputs[0].shape[0]],
            outputs: variant.outputs.map(\.name))
        for output in variant.outputs {
            let (result, expected) = (try #require(found[output.name]), try #require(numbers[output.name]))
            #expect(result.shape == output.shape)
            let largest = expected.map(abs).max() ?? 0
            let worst = zip(result.values, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(largest > 0 && worst <= variant.tolerance * largest, "\(output.name): relative \(worst / largest)")
        }
    }
}
