import Foundation
import Testing
import UnmaskGraph
import UnmaskRuntime

@testable import UnmaskONNX

/// ONNX's node cases give the results that their authors state.
struct ConformanceTests {
    /// The cases of Debian's libonnx-testdata, and newer ones. Fewer passes than stated are a failure.
    @Test(arguments: [("debian", 650), ("newer", 150)])
    func nodeCasesGiveTheirResults(of set: String, fewestPasses: Int) throws {
        let skips = try Skips().reasons
        let cases = set == "debian" ? NodeCase.debian : NodeCase.newer
        let claimed = cases.filter(\.isClaimed)
        let engine = try Engine()
        var passed = 0
        for testCase in claimed where skips[testCase.name] == nil {
            do {
                try testCase.run(on: engine)
                passed += 1
            } catch {
                Issue.record("\(testCase.name): \(error)")
            }
        }
        print("\(set): \(passed) of \(cases.count) node cases pass; of \(claimed.count) whose operators are read")
        #expect(passed >= fewestPasses)
    }

    /// Each skip is still needed.
    @Test func skippedNodeCasesDoNotPass() throws {
        let skips = try Skips().reasons
        let cases = NodeCase.debian + NodeCase.newer
        #expect(Set(skips.keys).subtracting(cases.filter(\.isClaimed).map(\.name)).isEmpty, "skips that are no cases")
        let engine = try Engine()
        for testCase in cases where skips[testCase.name] != nil {
            #expect(throws: (any Error).self, "\(testCase.name) passes") { try testCase.run(on: engine) }
        }
    }
}

/// A result that is not what it should be.
struct WrongResult: Error, CustomStringConvertible {
    let description: String
}

extension NodeCase {
    /// Runs the case and compares its results, as ONNX's own runner does, to 1e-3 relative and 1e-7 absolute. References in
    /// bfloat16 rounded each step to 8 bits, and ours only the operands.
    func run(on engine: Engine) throws {
        let model = try load()
        let session = try Session(model.graph, engine: engine)
        var arrays: [String: InputArray] = [:]
        var bindings: [String: Int] = [:]
        for id in model.graph.inputs {
            let value = model.graph[id]
            guard let tensor = inputs.first(where: { $0.name == value.name })?.tensor else { continue }
            arrays[value.name] = tensor.asInput
            for (dimension, size) in zip(value.shape.dimensions, tensor.shape) {
                if case .symbol(let symbol, 1, 0) = dimension { bindings[symbol] = size }
            }
        }
        let results = try session.runTensors(arrays, bindings: bindings, outputs: outputs.map(\.name))
        for (name, expected) in outputs {
            guard let expected, let found = results[name] else { throw WrongResult(description: "\(name) is missing") }
            guard found.shape == expected.shape, found.type == expected.type.atRunTime else {
                throw WrongResult(
                    description: "\(name) is \(found.type) \(found.shape), not \(expected.type) \(expected.shape)")
            }
            // bfloat16 rounds to 8 bits; here it is float32.
            let relative = expected.type == .bf16 ? 0x1p-6 : found.type == .f32 ? 1e-3 : 0
            for (index, (a, b)) in zip(found.doubles, expected.doubles).enumerated() {
                guard a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-7 + relative * abs(b) else {
                    throw WrongResult(description: "\(name)[\(index)] is \(a), not \(b)")
                }
            }
        }
    }
}

extension Tensor {
    /// The tensor as a session takes it: floating-point numbers as float32.
    fileprivate var asInput: InputArray {
        type.isFloatingPoint ? .f32(doubles.map { Float($0) }) : .bytes(withBytes { Array($0) }, type)
    }
}
