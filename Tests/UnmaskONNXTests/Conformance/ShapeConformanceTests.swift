import Foundation
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// The shapes and types that are inferred for ONNX's node cases are those of the expected results.
@Test func inferredShapesAreThoseOfEveryNodeCase() throws {
    let skips = try Skips().reasons
    #expect(NodeCase.debian.count > 900)
    var passed = 0
    for testCase in NodeCase.debian + NodeCase.newer where testCase.isClaimed && skips[testCase.name] == nil {
        let model: ONNXModel
        do {
            model = try testCase.load()
        } catch {
            Issue.record("\(testCase.name): \(error)")
            continue
        }
        for (output, expected) in zip(model.graph.outputs, testCase.outputs) {
            let value = model.graph[output.value]
            guard let expected = expected.tensor else {
                Issue.record("\(testCase.name): output \(output.name) is of a type that is not read")
                continue
            }
            #expect(value.shape.bound(by: ["B": expected.shape.first ?? 0]) == expected.shape, "\(testCase.name)")
            #expect(value.type == expected.type.atRunTime, "\(testCase.name)")
        }
        passed += 1
    }
    #expect(passed >= 500, "\(passed)")
    print("inferred the shapes of \(passed) node cases")
}
