import Testing
import UnmaskGraph
import UnmaskRuntime

/// Builds a graph of primitives, a call an operation.
struct Chain {
    private(set) var graph = Graph()
    private var count = 0
    private var inputs: [String: [Int]] = [:]

    mutating func input(_ name: String, _ shape: Shape) -> ValueID {
        graph.addInput(name, shape, .f32)
    }

    mutating func identifiers(_ name: String, _ shape: Shape) -> ValueID {
        graph.addInput(name, shape, .i32)
    }

    mutating func output(_ id: ValueID, _ name: String = "y") {
        graph.addOutput(name, id)
    }

    mutating func callAll(_ primitive: Primitive, _ operands: [ValueID?], results: Int) throws -> [ValueID] {
        count += 1
        let names = (0..<results).map { "\(primitive.name)-\(count)-\($0)" }
        return try graph.add(primitive, named: "\(primitive.name)-\(count)", operands, outputs: names)
    }

    mutating func call(_ primitive: Primitive, _ operands: ValueID?...) throws -> ValueID {
        try callAll(primitive, operands, results: 1)[0]
    }

    // MARK: Constants

    mutating func number(_ value: Float, shape: [Int] = []) -> ValueID {
        graph.addConstant("number", Tensor(Array(repeating: value, count: shape.reduce(1, *)), shape: shape))
    }

    mutating func integers(_ values: Int...) -> ValueID { integers(values) }

    mutating func integers(_ values: [Int], shape: [Int]? = nil) -> ValueID {
        let bytes = values.map { Int64($0) }.withUnsafeBytes { Array($0) }
        guard let tensor = Tensor(shape: shape ?? [values.count], type: .i64, contents: .owned(bytes)) else {
            preconditionFailure("\(values.count) values do not fill \(shape ?? [])")
        }
        return graph.addConstant("integers", tensor)
    }

    mutating func weights(_ shape: Int..., name: String = "weights", scale: Float = 1) -> ValueID {
        count += 1
        var random = SplitMix(seed: UInt64(count))
        let values = (0..<shape.reduce(1, *)).map { _ in random.float() * scale }
        return graph.addConstant("\(name)-\(count)", Tensor(values, shape: shape))
    }

    // MARK: Operations

    mutating func add(_ a: ValueID, _ b: ValueID) throws -> ValueID { try call(.binary(.add), a, b) }
    mutating func subtract(_ a: ValueID, _ b: ValueID) throws -> ValueID { try call(.binary(.subtract), a, b) }
    mutating func multiply(_ a: ValueID, _ b: ValueID) throws -> ValueID { try call(.binary(.multiply), a, b) }
    mutating func divide(_ a: ValueID, _ b: ValueID) throws -> ValueID { try call(.binary(.divide), a, b) }
    mutating func power(_ a: ValueID, _ exponent: Float) throws -> ValueID {
        try call(.binary(.power), a, number(exponent))
    }
    mutating func multiply(_ a: ValueID, _ factor: Float) throws -> ValueID { try multiply(a, number(factor)) }
    mutating func mean(_ x: ValueID, axis: Int, keep: Bool = true) throws -> ValueID {
        try call(.reduce(.mean, keepAxes: keep, emptyIsNone: false), x, integers(axis))
    }
    mutating func reshape(_ x: ValueID, _ sizes: Int...) throws -> ValueID {
        try call(.reshape(allowZero: false), x, integers(sizes))
    }
    mutating func transpose(_ x: ValueID, _ order: Int...) throws -> ValueID { try call(.transpose(order), x) }
    mutating func linear(_ x: ValueID, _ from: Int, _ to: Int, bias: Bool = true) throws -> ValueID {
        let y = try call(.matMul, x, weights(from, to, scale: 1 / Float(from).squareRoot()))
        return bias ? try add(y, weights(to)) : y
    }
    mutating func slice(_ x: ValueID, axis: Int, from start: Int, to end: Int) throws -> ValueID {
        try call(.slice, x, integers(start), integers(end), integers(axis))
    }

    // MARK: Judging

    /// The operations after raising, in order.
    func raised(disabled: Set<String> = []) -> [String] {
        var raised = graph
        raised.raise(disabled: disabled)
        return Chain.operations(of: raised)
    }

    /// Those that run: shape arithmetic is done before.
    static func operations(of graph: Graph) -> [String] {
        graph.nodes.filter { node in node.outputs.contains { graph.integers[$0] == nil } }.map(\.op.name)
    }

    /// Raises the graph, expects these operations, and expects what the primitives compute, to rounding.
    func expectRaised(
        to operations: [String], images: Int = 2, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var fused = graph
        fused.raise()
        #expect(Chain.operations(of: fused) == operations, comment, sourceLocation: sourceLocation)
        try expectSameResults(graph, fused, images: images, comment, sourceLocation: sourceLocation)
    }

    /// Expects that raising leaves an operation out, and what the primitives compute.
    func expectNot(_ operation: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var fused = graph
        fused.raise()
        #expect(!fused.nodes.contains { $0.op.name == operation }, sourceLocation: sourceLocation)
        try expectSameResults(graph, fused, images: 2, nil, sourceLocation: sourceLocation)
    }

    private func expectSameResults(
        _ plain: Graph, _ fused: Graph, images: Int, _ comment: Comment?, sourceLocation: SourceLocation
    ) throws {
        let (expected, found) = (try run(plain, images: images), try run(fused, images: images))
        for (name, reference) in expected {
            let result = try #require(found[name])
            #expect(result.shape == reference.shape, comment, sourceLocation: sourceLocation)
            let largest = reference.values.map(abs).max() ?? 0
            let worst = zip(result.values, reference.values).map { abs($0 - $1) }.max() ?? .infinity
            #expect(largest > 1e-3 && worst <= 2e-5 * largest, comment, sourceLocation: sourceLocation)
        }
    }

    private func run(_ graph: Graph, images: Int) throws -> [String: OutputArray] {
        let session = try Session(graph, engine: Engine(threads: 1), disabledPasses: Set(standardPasses.map(\.name)))
        var random = SplitMix(seed: 99)
        var arrays: [String: InputArray] = [:]
        for id in self.graph.inputs {
            let sizes = try #require(graph[id].shape.bound(by: ["B": images, "K": 3]))
            let count = sizes.reduce(1, *)
            if graph[id].type == .i32 {
                arrays[graph[id].name] = .i32((0..<count).map { Int32(($0 * 5 + $0 / sizes[1]) % 6) })
            } else {
                arrays[graph[id].name] = .f32((0..<count).map { _ in random.float() })
            }
        }
        let names = graph.outputs.map(\.name)
        let used = arrays.filter { name, _ in graph.inputs.contains { graph[$0].name == name } }
        return try session.run(used, bindings: ["B": images, "K": 3], outputs: names)
    }
}

/// Numbers from -1 to 1, the same on every run (Steele, Lea and Flood 2014).
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func float() -> Float {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float((z ^ (z >> 31)) >> 40) / Float(1 << 23) - 1
    }
}
