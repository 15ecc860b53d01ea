import Foundation
import SwiftProtobuf
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// What a graph has of a file: dimensions, defaults, functions, branches, and what older versions say otherwise.
struct ImportTests {
    private func load(_ model: ModelProto, _ options: ONNXLoadOptions = .init()) throws -> Graph {
        try model.load(in: TemporaryFolder(), options).graph
    }

    @Test func openDimensionsAreTheBatchOrGiven() throws {
        let model = ModelProto.test(inputs: [("x", [-1, -1, -1, 8])], nodes: [.test("Relu", ["x"])])
        #expect(try model.failure()?.cause == .dimensionUnbound)
        var graph = try load(model, ONNXLoadOptions(imageSize: (4, 5)))
        #expect(graph[graph.inputs[0]].shape == [.symbol("B"), 3, 4, 8])
        graph = try load(model, ONNXLoadOptions(dimensions: ["x.0": 2, "x.1": 1, "x.2": 6]))
        #expect(graph[graph.inputs[0]].shape == [2, 1, 6, 8])

        var named = model
        named.graph.input[0].type.tensorType.shape.dim[2].dimParam = "height"
        graph = try load(named, ONNXLoadOptions(dimensions: ["height": 7], channels: 1))
        #expect(graph[graph.inputs[0]].shape == [.symbol("B"), 1, 7, 8])

        let last = ModelProto.test(inputs: [("x", [-1, -1, -1, 3])], nodes: [.test("Relu", ["x"])])
        graph = try load(last, ONNXLoadOptions(imageSize: (4, 5)))
        #expect(graph[graph.inputs[0]].shape == [.symbol("B"), 4, 5, 3])

        let ids = ModelProto.test(inputs: [("x", [-1, -1])], nodes: [.test("Relu", ["x"])])
        graph = try load(ids)
        #expect(graph[graph.inputs[0]].shape == [.symbol("B"), .symbol("x.1")])
    }

    @Test func inputsWithInitializersAreConstants() throws {
        let model = ModelProto.test(
            inputs: [("x", [2]), ("w", [2])], initializers: [.floats("w", [1, 2], [2])],
            nodes: [.test("Add", ["x", "w"])])
        let graph = try load(model)
        #expect(graph.inputs.map { graph[$0].name } == ["x"])
        #expect(graph.constants.values.map(\.doubles) == [[1, 2]])
    }

    @Test func anyValueCanBeAnOutput() throws {
        let model = ModelProto.test(nodes: [
            .test("Relu", ["x"], ["a"]), .test("Abs", ["a"], ["b"]), .test("LSTM", ["b"]),
        ])
        let graph = try load(model, ONNXLoadOptions(outputs: ["b", "x"]))
        #expect(graph.outputs.map(\.name) == ["b", "x"])
        #expect(graph.nodes.map(\.op.name) == ["relu", "absolute", "identity"])
        #expect(try model.failure(ONNXLoadOptions(outputs: ["q"]))?.cause == .outputUnknown)
    }

    @Test func functionsAreWrittenOut() throws {
        var model = ModelProto.test(nodes: [
            .test("Scaled", ["x"], ["a"], domain: "acme", attributes: [.int("along", 0)]),
            .test("Scaled", ["a"], ["y"], domain: "acme"),
        ])
        model.opsetImport.append(.with { ($0.domain, $0.version) = ("acme", 1) })
        model.functions = [
            .with { function in
                (function.name, function.domain) = ("Scaled", "acme")
                (function.input, function.output) = (["in"], ["out"])
                function.attributeProto = [.int("along", 1)]
                function.opsetImport = [.with { $0.version = 17 }]
                function.node = [
                    .test("Relu", ["in"], ["t"]),
                    .test(
                        "Softmax", ["t"], ["out"],
                        attributes: [.with { ($0.name, $0.refAttrName, $0.type) = ("axis", "along", .int) }]),
                ]
            }
        ]
        let graph = try load(model)
        #expect(
            graph.nodes.map(\.op) == [
                .primitive(.unary(.relu)), .primitive(.softmax(axis: 0)), .primitive(.unary(.relu)),
                .primitive(.softmax(axis: 1)),
            ])
        #expect(Set(graph.values.map(\.name)).count == graph.values.count)
    }

    /// As torch exports `squeeze` of an unknown dimension.
    @Test func branchesOnShapesAreTaken() throws {
        func branch(_ op: String) -> GraphProto {
            .with {
                $0.node = [.test(op, ["x"], ["out"])]
                $0.output = [.with { $0.name = "out" }]
            }
        }
        let one = TensorProto.with { ($0.name, $0.dataType, $0.dims, $0.int64Data) = ("one", 7, [], [2]) }
        let model = ModelProto.test(
            initializers: [one],
            nodes: [
                .test("Shape", ["x"], ["s"], attributes: [.int("end", 1)]), .test("Equal", ["s", "one"], ["c"]),
                .test(
                    "If", ["c"],
                    attributes: [.graph("then_branch", branch("Abs")), .graph("else_branch", branch("Relu"))]),
            ])
        #expect(try load(model).nodes.last?.op == .primitive(.unary(.absolute)))
        let data = ModelProto.test(nodes: [
            .test("Equal", ["x", "x"], ["c"]), .test("If", ["c"], attributes: [.graph("then_branch", branch("Abs"))]),
        ])
        #expect(try data.failure()?.cause == .operatorsUnsupported)
    }

    @Test func nodesOutOfOrderAreSorted() throws {
        let nodes: [NodeProto] = [
            .test("Add", ["a", "b"]), .test("Abs", ["a"], ["b"]), .test("Relu", ["x"], ["a"]),
        ]
        #expect(try load(.test(nodes: nodes)).nodes.map(\.name) == ["the Relu", "the Abs", "the Add"])
        // An order that is one stays, whatever other ones there are.
        let sorted: [NodeProto] = [
            .test("Abs", ["x"], ["b"]), .test("Relu", ["x"], ["a"]), .test("Add", ["a", "b"]),
        ]
        #expect(try load(.test(nodes: sorted)).nodes.map(\.name) == ["the Abs", "the Relu", "the Add"])
    }

    @Test func allMissingOperatorsAreNamedAtOnce() throws {
        let nodes: [NodeProto] = [
            .test("LSTM", ["x"], ["a"]), .test("Unknown", ["a"], ["b"], domain: "some.where"),
            .test("Relu", ["b"], ["c"]),
            .test("LSTM", ["c"], ["y"]),
        ]
        let error = try #require(try ModelProto.test(nodes: nodes).failure())
        #expect(error.cause == .operatorsUnsupported)
        #expect(error.unsupported.map(\.op) == ["LSTM", "some.where.Unknown", "LSTM"])
        #expect(error.description.contains("LSTM (opset 17) at 2 nodes, first “the LSTM”"))
        #expect(error.description.contains("some.where.Unknown (opset not imported) at “the Unknown”"))
    }

    /// Softmax before opset 13 normalises all axes from the given one on together.
    @Test func olderVersionsBecomeTheNewest() throws {
        let softmax = ModelProto.test(
            opset: 11, inputs: [("x", [2, 3, 4])], nodes: [.test("Softmax", ["x"])])
        var graph = try load(softmax)
        #expect(graph.nodes.map(\.op.name) == ["flatten", "softmax", "shape", "reshape"])
        #expect(graph[graph.outputs[0].value].shape == [2, 3, 4])

        let reduce = ModelProto.test(
            opset: 11, nodes: [.test("ReduceMean", ["x"], attributes: [.ints("axes", [-1]), .int("keepdims", 0)])])
        graph = try load(reduce)
        #expect(graph[graph.outputs[0].value].shape == [2])

        let split = ModelProto.test(
            opset: 11, inputs: [("x", [6])],
            nodes: [.test("Split", ["x"], ["y", "z"], attributes: [.ints("split", [2, 4])])], outputs: ["z", "y"])
        graph = try load(split)
        #expect(graph.outputs.map { graph[$0.value].shape } == [[4], [2]])
    }
}
