import Testing
import UnmaskGraph
import UnmaskRuntime

/// Primitives in a session: kernels against definitions, and the promises that hold for fused operations.
@Suite struct PrimitiveTests {
    private static func numbers(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729 &+ 13) % 1009) / 1009 - 0.5 }
    }

    private static func integers(_ graph: inout Graph, _ numbers: [Int64]) -> ValueID {
        let bytes = numbers.withUnsafeBytes { Array($0) }
        let tensor = Tensor(shape: [numbers.count], type: .i64, contents: .owned(bytes))
        return graph.addConstant("numbers", tensor ?? Tensor([], shape: [0]))
    }

    /// A small convolutional and attending network of primitives alone, [B, 3, 10, 12] → [B, 7].
    private static func network() throws -> Graph {
        var graph = Graph()
        func constant(_ shape: [Int], _ seed: Int) -> ValueID {
            graph.addConstant("c\(seed)", Tensor(numbers(shape.reduce(1, *), seed), shape: shape))
        }
        func add(_ primitive: Primitive, _ inputs: [ValueID?]) throws -> ValueID {
            try graph.add(primitive, named: primitive.name + "\(graph.nodes.count)", inputs, outputs: ["v"])[0]
        }
        func list(_ numbers: Int64...) -> ValueID { integers(&graph, numbers) }
        let x = graph.addInput("x", [.symbol("B"), 3, 10, 12], .f32)
        var y = try add(
            .convolution(.init(window: .init(size: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]))),
            [x, constant([16, 3, 3, 3], 1), constant([16], 2)])  // [B, 16, 5, 6]
        y = try add(.unary(.relu), [y])
        y = try add(
            .convolution(.init(window: .init(size: [3, 3], pads: [1, 1, 1, 1]), groups: 16)),
            [y, constant([16, 1, 3, 3], 3), nil])
        y = try add(.transpose([0, 2, 3, 1]), [y])
        y = try add(.reshape(allowZero: false), [y, list(0, 30, 16)])  // [B, 30, 16]
        let n = try add(.layerNormalization(axis: -1, epsilon: 1e-5), [y, constant([16], 4), constant([16], 5)])
        let q = try add(.matMul, [n, constant([16, 16], 6)])
        let k = try add(.transpose([0, 2, 1]), [try add(.matMul, [n, constant([16, 16], 7)])])
        let scores = try add(.softmax(axis: -1), [try add(.matMul, [q, k])])
        y = try add(.binary(.add), [y, try add(.matMul, [scores, n])])
        y = try add(.reduce(.mean, keepAxes: false, emptyIsNone: false), [y, list(1)])  // [B, 16]
        y = try add(
            .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true), [y, constant([7, 16], 8), constant([7], 9)])
        graph.addOutput("y", try add(.unary(.sigmoid), [y]))
        return graph
    }

    private func run(_ session: Session, _ x: [Float], batch: Int) throws -> [Float] {
        let answer = try session.run(["x": .f32(x)], bindings: ["B": batch], outputs: ["y"])
        let y = try #require(answer["y"])
        #expect(y.shape == [batch, 7])
        return y.values
    }

    @Test func imagesHaveTheSameBitsInAnyBatchAndThreadCount() throws {
        let size = 3 * 10 * 12
        let images = Self.numbers(5 * size, 77)
        let graph = try Self.network()
        let one = try Session(graph, engine: Engine(threads: 1))
        let two = try Session(graph, engine: Engine(threads: 2))
        let alone = try (0..<5).flatMap { try run(one, Array(images[$0 * size..<($0 + 1) * size]), batch: 1) }
        #expect(Set(alone).count > 20)
        for batch in 1...5 {
            let together = try run(two, Array(images[..<(batch * size)]), batch: batch)
            #expect(together.map(\.bitPattern) == alone[..<(batch * 7)].map(\.bitPattern), "batch \(batch)")
        }
    }

    /// The same network evaluated node by node by the definitions in double precision.
    @Test func kernelsEqualDefinitions() throws {
        let graph = try Self.network()
        let x = Self.numbers(2 * 360, 3)
        let found = try run(Session(graph, engine: Engine(threads: 2)), x, batch: 2)
        let expected = try Reference(graph, ["x": x], bindings: ["B": 2]).floats(graph.output(named: "y"))
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 2e-6 }, "\(found) \(expected)")
        #expect(expected.allSatisfy { $0 > 0.01 && $0 < 0.99 })
    }

    @Test func foldingChangesNoResult() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("B"), 6], .f32)
        let weight = graph.addConstant("w", Tensor(Self.numbers(24, 1), shape: [4, 6]))
        let scale = graph.addConstant("s", Tensor(Self.numbers(24, 2), shape: [4, 6]))
        let scaled = try graph.add(.binary(.multiply), named: "scaled", [weight, scale], outputs: ["scaled"])[0]
        let turned = try graph.add(.transpose([1, 0]), named: "turned", [scaled], outputs: ["turned"])[0]
        graph.addOutput("y", try graph.add(.matMul, named: "product", [x, turned], outputs: ["y"])[0])
        let input = InputArray.f32(Self.numbers(18, 5))
        let answers = try [Set<String>(), ["fold-constants"]].map { disabled in
            let session = try Session(graph, engine: Engine(threads: 1), disabledPasses: disabled)
            #expect(session.graph.nodes.count == (disabled.isEmpty ? 1 : 3))
            return try #require(try session.run(["x": input], bindings: ["B": 3], outputs: ["y"])["y"]).values
        }
        #expect(answers[0] == answers[1])
    }

    /// Shapes are numbers once the batch is; what only they need is not run, and views are not copied.
    @Test func shapeArithmeticAndViewsAreNoSteps() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("B"), 4, 6], .f32)
        let shape = try graph.add(.shape(start: 0, end: nil), named: "shape", [x], outputs: ["shape"])[0]
        let batch = try graph.add(
            .gather(axis: 0), named: "batch", [shape, Self.integers(&graph, [0])], outputs: ["batch"])[0]
        let target = try graph.add(
            .concat(axis: 0), named: "target", [batch, Self.integers(&graph, [-1])], outputs: ["target"])[0]
        let flat = try graph.add(.reshape(allowZero: false), named: "flat", [x, target], outputs: ["flat"])[0]
        let tokens = try graph.add(.unary(.negate), named: "negative", [flat], outputs: ["negative"])[0]
        let back = try graph.add(.reshape(allowZero: false), named: "back", [tokens, shape], outputs: ["back"])[0]
        graph.addOutput("y", back)
        graph.addOutput("shape", shape)
        graph.addOutput("x", flat)
        let session = try Session(graph, engine: Engine(threads: 1))
        let plan = try session.prepare(bindings: ["B": 2], outputs: ["y", "shape", "x"])
        #expect(plan.steps.map(\.name) == ["negative"])
        let values = Self.numbers(48, 1)
        let answer = try session.runTensors(
            ["x": .f32(values)], bindings: ["B": 2], outputs: ["y", "shape", "x"])
        #expect(answer["y"]?.shape == [2, 4, 6])
        #expect(answer["y"]?.widened() == values.map { -$0 })
        #expect(answer["x"]?.widened() == values)
        #expect(answer["shape"]?.type == .i64)
        #expect(answer["shape"]?.withBytes { Array($0.bindMemory(to: Int64.self)) } == [2, 4, 6])
        #expect(throws: RuntimeError.outputType(name: "shape", expected: .f32, found: .i64)) {
            try session.run(["x": .f32(values)], bindings: ["B": 2], outputs: ["shape"])
        }
    }

    @Test func wrongIndicesAreNamed() throws {
        var graph = Graph()
        let x = graph.addInput("x", [4, 2], .f32)
        let ids = graph.addInput("ids", [3], .i64)
        graph.addOutput("y", try graph.add(.gather(axis: 0), named: "pick", [x, ids], outputs: ["y"])[0])
        let session = try Session(graph, engine: Engine(threads: 2))
        func pick(_ ids: [Int64]) throws -> [Float]? {
            try session.run(
                ["x": .f32([0, 1, 2, 3, 4, 5, 6, 7]), "ids": .i64(ids)], bindings: [:], outputs: ["y"])["y"]?.values
        }
        #expect(try pick([3, -4, 1]) == [6, 7, 0, 1, 2, 3])
        for wrong in [4, -5, .max, .min] as [Int64] {
            #expect(
                throws: RuntimeError.evaluation(
                    node: "pick", op: "gather",
                    problem: "index \(wrong) at place 1 is outside an axis of 4 elements")
            ) { try pick([0, wrong, 1]) }
        }
        #expect(throws: RuntimeError.inputType(name: "ids", expected: .i64, found: .i32)) {
            try session.run(
                ["x": .f32([0, 1, 2, 3, 4, 5, 6, 7]), "ids": .i32([0, 1, 2])], bindings: [:], outputs: ["y"])
        }
    }

    /// A symbol may equal a number; whether it does is decided when a plan is made.
    @Test func whatASymbolLeftOpenIsDecidedByThePlan() throws {
        var graph = Graph()
        let x = graph.addInput("x", [2, .symbol("K")], .f32)
        let y = graph.addInput("y", [5, 3], .f32)
        graph.addOutput("z", try graph.add(.matMul, named: "product", [x, y], outputs: ["z"])[0])
        graph.addOutput(
            "best",
            try graph.add(
                .topK(axis: 1, largest: true, sorted: true), named: "best", [x, Self.integers(&graph, [4])],
                outputs: ["best", "places"])[0])
        let session = try Session(graph, engine: Engine(threads: 1))
        func run(_ k: Int, _ output: String) throws -> [Float]? {
            try session.run(
                ["x": .f32(Self.numbers(2 * k, 1)), "y": .f32(Self.numbers(15, 2))], bindings: ["K": k],
                outputs: [output])[output]?.values
        }
        #expect(try run(5, "z")?.count == 6)
        #expect(try run(5, "best")?.count == 8)
        #expect(
            throws: RuntimeError.malformedNode(
                name: "product", op: "matMul", problem: "[2, 4] times [5, 3]: the inner dimensions differ")
        ) { try run(4, "z") }
        #expect(throws: RuntimeError.self) { try run(3, "best") }
    }

    /// One constant as a matrix on the right, as a linear weight, and as plain numbers.
    @Test func aWeightServesInEveryForm() throws {
        var graph = Graph()
        let x = graph.addInput("x", [5, 5], .f32)
        let weight = graph.addConstant("w", Tensor(Self.numbers(25, 4), shape: [5, 5]))
        let right = try graph.add(.matMul, named: "right", [x, weight], outputs: ["right"])[0]
        let linear = graph.add(
            .linear(LinearFusion()), named: "linear", [right, weight, nil, nil, nil, nil], shape: [5, 5])
        let plain = try graph.add(.binary(.add), named: "plain", [linear, weight], outputs: ["plain"])[0]
        graph.addOutput("y", plain)
        let session = try Session(graph, engine: Engine(threads: 1))
        let input = Self.numbers(25, 8)
        let found = try #require(
            try session.run(["x": .f32(input)], bindings: [:], outputs: ["y"])["y"]
        ).values
        let w = Self.numbers(25, 4).map(Double.init)
        func element(_ row: Int, _ column: Int) -> Double {
            let first = (0..<5).map { j in (0..<5).reduce(0) { $0 + Double(input[row * 5 + $1]) * w[$1 * 5 + j] } }
            return (0..<5).reduce(0) { $0 + first[$1] * w[column * 5 + $1] } + w[row * 5 + column]
        }
        for index in 0..<25 { #expect(abs(Double(found[index]) - element(index / 5, index % 5)) < 1e-6) }
    }
}

/// Evaluates a graph of primitives node by node.
private struct Reference {
    private var arrays: [ValueID: ArrayView] = [:]

    init(_ graph: Graph, _ inputs: [String: [Float]], bindings: [String: Int]) throws {
        func array(_ id: ValueID) throws -> ArrayView {
            let shape = try #require(graph[id].shape.bound(by: bindings))
            let bytes = shape.reduce(graph[id].type.byteCount, *)
            let base = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 64)
            return ArrayView(type: graph[id].type, shape: shape, base: base)
        }
        for id in graph.inputs {
            arrays[id] = try array(id)
            inputs[graph[id].name]?.withUnsafeBytes {
                arrays[id]?.base.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        for (id, tensor) in graph.constants {
            arrays[id] = try array(id)
            tensor.withBytes { arrays[id]?.base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
        for node in graph.nodes {
            guard case .primitive(let primitive) = node.op else { continue }
            for id in node.outputs { arrays[id] = try array(id) }
            try Evaluator().evaluate(
                primitive, node.inputs.map { $0.flatMap { arrays[$0] } },
                into: node.outputs.compactMap { arrays[$0] })
        }
    }

    func floats(_ id: ValueID?) throws -> [Float] {
        let array = try #require(id.flatMap { arrays[$0] })
        return Array(
            UnsafeBufferPointer(
                start: array.base.assumingMemoryBound(to: Float.self), count: array.shape.reduce(1, *)))
    }
}
