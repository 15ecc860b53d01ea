import Testing
import UnmaskGraph
import UnmaskRuntime

/// Small graphs that state sizes nobody has memory or time for.
@Suite struct HostileSizesTests {
    private static func numbers(_ graph: inout Graph, _ numbers: [Int]) throws -> ValueID {
        let bytes = numbers.map(Int64.init).withUnsafeBytes { Array($0) }
        return graph.addConstant(
            "n", try #require(Tensor(shape: [numbers.count], type: .i64, contents: .owned(bytes))))
    }

    /// Zeros of that shape, made when the graph runs.
    private static func zeros(
        _ graph: inout Graph, _ shape: [Int], _ type: ElementType = .f32
    ) throws -> ValueID {
        let fill = Primitive.constantOfShape(type, bytes: Array(repeating: 0, count: type.byteCount))
        return try graph.add(fill, named: "zeros", [try numbers(&graph, shape)], outputs: ["zeros"])[0]
    }

    private static func refusal(
        _ graph: Graph, limits: PlanLimits = PlanLimits(memoryBytes: 1 << 30, operations: 1 << 30)
    ) -> RuntimeError? {
        do throws(RuntimeError) {
            let session = try Session(graph, engine: Engine(threads: 1), limits: limits)
            _ = try session.prepare(bindings: [:], outputs: ["y"])
            _ = try session.runTensors([:], bindings: [:], outputs: ["y"])
            return nil
        } catch {
            return error
        }
    }

    /// Builds one node over zeros, and says how the plan refuses it; nil where it ran.
    private static func refusal(
        _ primitive: Primitive, _ shapes: [[Int]], numbers lists: [[Int]] = [], _ type: ElementType = .f32
    ) throws -> RuntimeError? {
        var graph = Graph()
        var operands: [ValueID?] = []
        for shape in shapes { operands.append(try zeros(&graph, shape, type)) }
        for list in lists { operands.append(try numbers(&graph, list)) }
        graph.addOutput("y", try graph.add(primitive, named: "victim", operands, outputs: ["y"])[0])
        return refusal(graph)
    }

    @Test(arguments: [8, 16, 22, 30, 34, 38, 40])
    func attentionOverMoreTokensThanCanBe(log: Int) throws {
        let error = try Self.refusal(
            .attention(.init(queryHeads: 1, keyHeads: 1)), Array(repeating: [1, 1 << log, 8], count: 3))
        switch error {
        case nil: #expect(log == 8)
        case .tooMuchWork(let name, _, _): #expect(name == "victim")
        case .tooLarge(_, _, let bytes, let limit): #expect(bytes > limit)
        default: Issue.record("\(error as Any)")
        }
    }

    /// The product of the axes is 0, while tables along another axis would take terabytes.
    @Test(arguments: [10, 20, 26, 27, 30, 40, 43, 62])
    func emptyResultsCostNothingOrAreRefused(log: Int) throws {
        let size = 1 << log
        let isFine = log <= 26
        for (primitive, shapes, lists) in [
            (Primitive.resize(.init(mode: .cubic)), [[1, 0]], [[], [], [size, 0]]),
            (.pad(.constant), [[2, 0]], [[size, 0, 0, 0]]), (.matMul, [[size, 0], [0, 0]], []),
            (.matMul, [[0, size], [size, 0]], []), (.transpose([1, 0]), [[size, 0]], []),
            (.concat(axis: 1), [[size, 0], [size, 0]], []), (.expand, [[1, 0]], [[size, 0]]),
        ] as [(Primitive, [[Int]], [[Int]])] {
            let result = Result<RuntimeError?, any Error> { try Self.refusal(primitive, shapes, numbers: lists) }
            switch result {
            case .success(let refusal):
                #expect(isFine && (refusal == nil || log >= 26), "\(primitive): \(refusal as Any)")
            case .failure(let error): #expect(error is GraphError && log >= 26, "\(primitive): \(error)")
            }
        }
    }

    @Test(arguments: [
        (Primitive.resize(.init(mode: .linear)), [[4]], [[], [], [1 << 29]]),
        (.expand, [[1]], [[1 << 40]]), (.tile, [[1]], [[1 << 34]]), (.pad(.edge), [[4]], [[1 << 30, 1 << 30]]),
        (.matMul, [[1 << 27, 1, 1], [1, 1]], []), (.topK(axis: 0, largest: true, sorted: true), [[1 << 26]], [[1]]),
        (.reduce(.sum, keepAxes: false, emptyIsNone: false), [[1 << 26, 4]], [[1]]),
    ])
    func whatTakesMoreMemoryThanAllowedIsRefusedByName(
        primitive: Primitive, shapes: [[Int]], lists: [[Int]]
    ) throws {
        guard
            case .tooLarge(let name, _, let bytes, let limit) = try Self.refusal(primitive, shapes, numbers: lists, .u8)
        else {
            Issue.record("it ran")
            return
        }
        #expect(["victim", "zeros"].contains(name) && bytes > limit && limit == 1 << 30)
    }

    /// Sums of sizes that are each possible.
    @Test func manyLargeValuesAreRefusedTogether() throws {
        var graph = Graph()
        var sum = try Self.zeros(&graph, [1 << 26])
        for index in 0..<8 {
            let next = try Self.zeros(&graph, [1 << 26])
            sum = try graph.add(.concat(axis: 0), named: "c\(index)", [sum, next], outputs: ["c"])[0]
        }
        graph.addOutput("y", sum)
        guard case .tooLarge = Self.refusal(graph) else {
            Issue.record("it ran")
            return
        }
    }

    @Test func inputsAndWeightsCountToo() throws {
        var graph = Graph()
        let x = graph.addInput("x", [.fixed(1 << 20), .fixed(1 << 20)], .u8)
        graph.addOutput("y", try graph.add(.cast(.f32), named: "cast", [x], outputs: ["y"])[0])
        guard case .tooLarge = Self.refusal(graph) else {
            Issue.record("it ran")
            return
        }

        // A column, which whole tiles of columns make many times as large.
        var narrow = Graph()
        let row = narrow.addInput("x", [1, .fixed(1 << 16)], .f32)
        let weight = narrow.addConstant("w", Tensor(Array(repeating: 1, count: 1 << 16), shape: [1 << 16, 1]))
        narrow.addOutput("y", try narrow.add(.matMul, named: "product", [row, weight], outputs: ["y"])[0])
        let engine = try Engine(threads: 1)
        _ = try Session(narrow, engine: engine, limits: PlanLimits(memoryBytes: 1 << 26))
        let error = #expect(throws: RuntimeError.self) {
            try Session(narrow, engine: engine, limits: PlanLimits(memoryBytes: 1 << 19))
        }
        guard case .tooLarge("w", "weights", _, 1 << 19) = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test func shapesAreBoundedEvenWhereTheyAreEmpty() {
        #expect(Tensor.byteCount(shape: [0, 1 << 26], type: .f32) == 0)
        #expect(Tensor.byteCount(shape: [0, 1 << 27], type: .f32) == nil)
        #expect(Tensor.byteCount(shape: [1 << 40], type: .f32) == 1 << 42)
        #expect(Tensor.byteCount(shape: [1 << 45], type: .f32) == nil)
        #expect(Tensor.byteCount(shape: [0, 1 << 40, 1 << 40], type: .f32) == nil)
        #expect(Tensor.byteCount(shape: [1 << 40, 1 << 40, 0], type: .u8) == nil)
        #expect(Tensor.byteCount(shape: [-1, 0], type: .u8) == nil)
        #expect(saturatingProduct(1 << 40, 1 << 40) == .max && saturatingProduct(1 << 40, 1 << 40, 0) == 0)
        #expect(saturatingSum(.max, 1) == .max)
    }

    @Test func padsBeyondEverySizeAreRefused() {
        for pads in [[Int.min, .max], [.max, .min], [1 << 62, -(1 << 62)]] {
            #expect(throws: GraphError.self) { try Self.refusal(.pad(.constant), [[2]], numbers: [pads]) }
        }
    }
}
