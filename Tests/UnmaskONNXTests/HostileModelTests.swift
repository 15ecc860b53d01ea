import Foundation
import SwiftProtobuf
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// Each way in which a file can be wrong has an error that names what is wrong.
struct HostileModelTests {
    /// What the error must say besides its cause.
    private func expect(
        _ model: ModelProto, _ cause: ONNXError.Cause, naming words: String...,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(try model.failure(), sourceLocation: location)
        #expect(error.cause == cause, "\(error)", sourceLocation: location)
        for word in words { #expect(error.description.contains(word), "\(error)", sourceLocation: location) }
    }

    @Test func everyPrefixOfAModelIsRefused() throws {
        let weight = TensorProto.floats("w", [1, 2, 3], [3])
        let model = ModelProto.test(initializers: [weight], nodes: [.test("Add", ["x", "w"])])
        let bytes: [UInt8] = try model.serializedBytes()
        let folder = try TemporaryFolder()
        _ = try ONNXModel.load(try folder.write(bytes, to: "whole"))
        for length in 0..<bytes.count {
            let path = try folder.write(bytes.prefix(length), to: "part")
            #expect(throws: ONNXError.self, "the first \(length) bytes") { try ONNXModel.load(path) }
        }
    }

    @Test func damagedBytesDoNotCrash() throws {
        let weight = TensorProto.floats("w", [1, 2, 3], [3])
        let shape = TensorProto.with { ($0.name, $0.dataType, $0.dims, $0.int64Data) = ("s", 7, [2], [3, 2]) }
        let model = ModelProto.test(
            initializers: [weight, shape],
            nodes: [
                .test("Add", ["x", "w"], ["a"]), .test("Reshape", ["a", "s"], attributes: [.int("allowzero", 0)]),
            ])
        let bytes: [UInt8] = try model.serializedBytes()
        let folder = try TemporaryFolder()
        var refused = 0
        for position in bytes.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var damaged = bytes
                damaged[position] = value
                do {
                    _ = try ONNXModel.load(try folder.write(damaged, to: "damaged"))
                } catch is ONNXError {
                    refused += 1
                }
            }
        }
        #expect(refused > bytes.count)
    }

    @Test func dimensionsAreCheckedBeforeUse() throws {
        for dims: [Int64] in [[-1], [.max, .max], [1 << 40, 1 << 40], [4], [2]] {
            let weight = TensorProto.with {
                ($0.name, $0.dataType, $0.dims, $0.floatData) = ("w", 1, dims, [1, 2, 3])
            }
            try expect(.test(initializers: [weight], nodes: [.test("Add", ["x", "w"])]), .tensorInvalid, naming: "“w”")
        }
    }

    @Test func typesThatAreNotReadAreNamed() throws {
        for (type, name) in [
            (8, "STRING"), (17, "FLOAT8E4M3FN"), (14, "COMPLEX64"), (99, "99"), (0, "UNDEFINED"),
        ] {
            let weight = TensorProto.with { ($0.name, $0.dataType, $0.dims) = ("w", Int32(type), [1]) }
            try expect(
                .test(initializers: [weight], nodes: [.test("Add", ["x", "w"])]), .tensorTypeUnsupported,
                naming: "“w”", name)
        }
    }

    @Test func graphsThatAreNoneAreRefused() throws {
        let relu = NodeProto.test("Relu", ["x"])
        // A cycle, a missing operand, a node that needs itself.
        try expect(
            .test(nodes: [.test("Relu", ["b"], ["a"]), .test("Abs", ["a"], ["b"]), .test("Add", ["a", "b"])]),
            .graphInvalid, naming: "cycle", "the Relu", "the Abs")
        try expect(.test(nodes: [.test("Relu", ["nothing"])]), .nodeInvalid, naming: "“nothing”")
        try expect(.test(nodes: [.test("Relu", ["y"])]), .graphInvalid, naming: "cycle", "the Relu")
        // Names that stand for two things.
        try expect(.test(nodes: [relu, relu]), .nodeInvalid, naming: "“y”")
        try expect(.test(inputs: [("x", [1]), ("x", [1])], nodes: [relu]), .graphInvalid, naming: "“x”")
        let weight = TensorProto.floats("w", [1], [1])
        try expect(
            .test(initializers: [weight, weight], nodes: [.test("Add", ["x", "w"])]), .graphInvalid, naming: "“w”")
        try expect(.test(nodes: [relu], outputs: ["y", "y"]), .graphInvalid)
        // Outputs that nothing computes.
        try expect(.test(nodes: [relu], outputs: ["z"]), .graphInvalid, naming: "“z”")
        try expect(.test(nodes: [relu], outputs: []), .graphInvalid)
    }

    @Test func nodesThatBreakTheRulesAreNamed() throws {
        try expect(.test(nodes: [.test("Add", ["x"])]), .nodeInvalid, naming: "the Add", "2 operands")
        try expect(.test(nodes: [.test("Relu", ["x", "x"])]), .nodeInvalid, naming: "the Relu")
        try expect(.test(nodes: [.test("Add", ["", "x"])]), .nodeInvalid, naming: "operand 0")
        try expect(.test(nodes: [.test("Relu", ["x"], ["y", "z"])]), .nodeInvalid, naming: "2 results")
        try expect(
            .test(nodes: [.test("Flatten", ["x"], attributes: [.ints("axis", [1])])]), .nodeInvalid, naming: "axis")
        try expect(
            .test(nodes: [.test("Flatten", ["x"], attributes: [.int("axis", 7)])]), .nodeInvalid, naming: "axis")
        try expect(
            .test(nodes: [.test("Concat", ["x", "x"], attributes: [.int("axis", 1 << 40)])]), .nodeInvalid,
            naming: "axis", "1099511627776")
        try expect(.test(nodes: [.test("Transpose", ["x"], attributes: [.ints("perm", [0, 0])])]), .nodeInvalid)
    }

    @Test func oldVersionsAreRefused() throws {
        try expect(.test(opset: 10, nodes: [.test("Relu", ["x"])]), .versionUnsupported, naming: "10", "11")
    }

    @Test func everythingThatCannotRunIsListedOnce() throws {
        let model = ModelProto.test(nodes: [
            .test("LSTM", ["x"], ["a"]), .test("Relu", ["a"], ["b"]), .test("Magic", ["x"], ["c"], domain: "acme"),
            .test("Abs", ["x"], ["d"], attributes: [.int("speed", 3)]), .test("Sum", ["b", "c", "d"]),
        ])
        let error = try #require(try model.failure())
        #expect(error.cause == .operatorsUnsupported)
        #expect(error.unsupported.map(\.op) == ["LSTM", "acme.Magic", "Abs"])
        #expect(error.unsupported.map(\.opset) == [17, nil, 17])
        #expect(error.unsupported.map(\.node) == ["the LSTM", "the Magic", "the Abs"])
        for word in ["LSTM", "acme.Magic", "“the Magic”", "“speed”", "17"] {
            #expect(error.description.contains(word), "\(error)")
        }
        // What the wanted output does not need is not in the way.
        #expect(try model.failure(ONNXLoadOptions(outputs: ["d"]))?.unsupported.count == 1)
    }

    @Test func nestingAndMultiplyingHaveLimits() throws {
        var graph = ModelProto.test(nodes: [.test("Relu", ["x"])]).graph
        for _ in 0..<30 {
            graph.node = [.test("If", ["x"], attributes: [.graph("then_branch", graph)])]
        }
        try expect(.with { $0.graph = graph }, .fileTooComplex, naming: "nest")

        // Each function calls the next one ten times.
        var model = ModelProto.test(nodes: [.test("f0", ["x"], domain: "f")])
        model.opsetImport.append(.with { ($0.domain, $0.version) = ("f", 1) })
        model.functions = (0..<10).map { level in
            .with { function in
                (function.name, function.domain, function.input, function.output) = ("f\(level)", "f", ["x"], ["y9"])
                function.node = (0..<10).map { index in
                    .test(
                        level == 9 ? "Relu" : "f\(level + 1)", [index == 0 ? "x" : "y\(index - 1)"], ["y\(index)"],
                        domain: level == 9 ? "" : "f")
                }
            }
        }
        try expect(model, .fileTooComplex, naming: "nodes")
        // A function that calls itself.
        model.functions[0].node = [.test("f0", ["x"], ["y9"], domain: "f")]
        try expect(model, .nodeInvalid, naming: "nest")
    }
}
