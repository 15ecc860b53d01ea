import Foundation
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// Every primitive that an ONNX node becomes can be written again. The graphs are those of libonnx-testdata's node cases,
/// which ONNX's own authors wrote.
@Suite struct PrimitiveTests {
    private static let folder = "/usr/share/libonnx-testdata/data/node"
    private static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    @Test func nodeCasesComeBackAsTheyWere() throws {
        var (compared, written) = (0, 0)
        var refused: [String] = []
        for name in Self.cases {
            guard let model = try? ONNXModel.load("\(Self.folder)/\(name)/model.onnx"),
                let opset = model.opsets[""], (11...17).contains(opset), !model.graph.nodes.isEmpty
            else { continue }
            let outputs = model.graph.outputs.map(\.name)
            let export: ONNXExport
            do throws(ONNXExportError) {
                export = try ONNXExport(model.graph, options: ExportOptions(opset: opset, outputs: outputs))
            } catch {
                refused.append("\(name): \(error)")
                continue
            }
            let file = try TemporaryModel(export)
            written += 1
            let problem = libonnxProblem(with: file)
            #expect(problem == nil, "\(name), opset \(opset): \(problem ?? "")")
            let again = try file.graph()
            #expect(again.outputs.map(\.name) == outputs, "\(name)")
            for ((_, before), (_, after)) in zip(model.graph.outputs, again.outputs) {
                #expect(model.graph[before].shape == again[after].shape, "\(name)")
                #expect(model.graph[before].type.exported == again[after].type, "\(name)")
            }
            if again.nodes.count == model.graph.nodes.count {
                #expect(again.nodes.map(\.op.name) == model.graph.nodes.map(\.op.name), "\(name)")
                compared += 1
            }
        }
        print("\(written) node cases written again, \(compared) node by node; refused: \(refused.count)")
        for line in refused { print("  " + line) }
        #expect(compared > 400)
        #expect(refused.count <= 12)
    }
}
