import Testing
import UnmaskGraph

/// The shape arithmetic that exporters write around a transformer is done while the graph is built, with the batch as a
/// symbol.
@Suite struct ShapeArithmeticTests {
    private func integers(_ graph: inout Graph, _ numbers: [Int64], scalar: Bool = false) -> ValueID {
        let bytes = numbers.withUnsafeBytes { Array($0) }
        let tensor = Tensor(shape: scalar ? [] : [numbers.count], type: .i64, contents: .owned(bytes))
        return graph.addConstant("numbers", tensor ?? Tensor([], shape: [0]))
    }

    private func one(
        _ graph: inout Graph, _ primitive: Primitive, _ inputs: [ValueID?]
    ) throws -> ValueID {
        try graph.add(primitive, named: primitive.name, inputs, outputs: ["y"])[0]
    }

    /// Shape → Gather → Unsqueeze → Concat → Reshape, as torch's script exporter splits heads.
    @Test func headsAreSplitWithASymbolicBatch() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("B"), 197, 768], .f32)
        let shape = try one(&graph, .shape(start: 0, end: nil), [x])
        let batch = try one(&graph, .gather(axis: 0), [shape, integers(&graph, [0], scalar: true)])
        let tokens = try one(&graph, .gather(axis: 0), [shape, integers(&graph, [-2], scalar: true)])
        let axes = integers(&graph, [0])
        let parts = [try one(&graph, .unsqueeze, [batch, axes]), try one(&graph, .unsqueeze, [tokens, axes])]
        let target = try one(&graph, .concat(axis: 0), parts + [integers(&graph, [12, -1])])
        #expect(graph.integers[target]?.elements == [.symbol("B"), 197, 12, -1])
        let y = try one(&graph, .reshape(allowZero: false), [x, target])
        #expect(graph[y].shape == [.symbol("B"), 197, 12, 64])
        let flat = try one(&graph, .reshape(allowZero: false), [y, integers(&graph, [-1, 768])])
        #expect(graph[flat].shape == [.symbol("B", times: 197, plus: 0), 768])
        let back = try one(&graph, .reshape(allowZero: false), [flat, integers(&graph, [-1, 197, 3, 256])])
        #expect(graph[back].shape == [.symbol("B"), 197, 3, 256])
    }

    /// ConstantOfShape · -1, Equal, Where and Expand, as the script exporter expands the CLS token.
    @Test func minusOnesOfExpandAreReplaced() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("B"), 196, 768], .f32)
        let token = graph.addInput("cls", [1, 1, 768], .f32)
        let shape = try one(&graph, .shape(start: 0, end: nil), [x])
        let batch = try one(&graph, .slice, [shape, integers(&graph, [0]), integers(&graph, [1])])
        let target = try one(&graph, .concat(axis: 0), [batch, integers(&graph, [-1, -1])])
        let ones = try one(&graph, .constantOfShape(.i64, bytes: [1, 0, 0, 0, 0, 0, 0, 0]), [integers(&graph, [3])])
        let minus = try one(&graph, .binary(.multiply), [ones, integers(&graph, [-1])])
        let isMinus = try one(&graph, .binary(.equal), [target, minus])
        #expect(graph.integers[isMinus]?.elements == [0, 1, 1])
        let sizes = try one(&graph, .select, [isMinus, ones, target])
        #expect(graph.integers[sizes]?.elements == [.symbol("B"), 1, 1])
        let y = try one(&graph, .expand, [token, sizes])
        #expect(graph[y].shape == [.symbol("B"), 1, 768])
        let joined = try one(&graph, .concat(axis: 1), [y, x])
        #expect(graph[joined].shape == [.symbol("B"), 197, 768])
    }

    /// Sizes that go through floating-point numbers: ⌊√(37·37) · 16 / 14⌋ and the like.
    @Test func sizesThroughFloatsAreKnown() throws {
        var graph = Graph()
        let count = integers(&graph, [1369], scalar: true)
        let side = try one(&graph, .unary(.squareRoot), [one(&graph, .cast(.f32), [count])])
        let scaled = try one(
            &graph, .binary(.multiply), [side, graph.addConstant("scale", Tensor([16.0 / 14], shape: []))])
        let size = try one(&graph, .cast(.i64), [one(&graph, .unary(.floor), [scaled])])
        #expect(graph.integers[size]?.elements == [42])
        let unknown = try one(
            &graph, .cast(.f32), [try one(&graph, .size, [graph.addInput("b", [.symbol("B")], .f32)])])
        #expect(graph.floats[unknown] == nil)
    }

    @Test func whatCannotBeIsRefused() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("B"), 197, 768], .f32)
        let y = graph.addInput("y", [2, 196, 768], .f32)
        func refuses(_ primitive: Primitive, _ inputs: [ValueID?], unknown: Bool = false) {
            do throws(GraphError) {
                _ = try graph.add(primitive, named: "n", inputs, outputs: ["z"])
                Issue.record("\(primitive) is accepted")
            } catch {
                if case .shapeUnknown = error { #expect(unknown, "\(error)") } else { #expect(!unknown, "\(error)") }
            }
        }
        refuses(.binary(.add), [x, y], unknown: true)
        refuses(.reshape(allowZero: false), [x, integers(&graph, [-1, 100])], unknown: true)
        refuses(.reshape(allowZero: false), [y, integers(&graph, [-1, 100])])
        refuses(.reshape(allowZero: false), [x, graph.addInput("shape", [3], .i64)], unknown: true)
        refuses(.matMul, [x, y])
        refuses(.concat(axis: 3), [x, x])
        refuses(.transpose([0, 1, 1]), [x])
        refuses(.gather(axis: 0), [x, graph.addInput("f", [3], .f32)])
        refuses(.tile, [y, integers(&graph, [.max, .max, .max])])
        refuses(.pad(.constant), [y, integers(&graph, [.max, 0, 0, .max, 0, 0])])
        refuses(.split(axis: 1), [y, integers(&graph, [100, 97])])
    }
}
