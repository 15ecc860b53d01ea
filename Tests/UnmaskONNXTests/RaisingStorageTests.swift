import Testing
import UnmaskGraph
import UnmaskONNX
import UnmaskRuntime

/// Passes do the same to a graph whatever its constants are stored as: an operand in float16 or bfloat16 is neither
/// overlooked nor taken for an absent one.
@Suite struct RaisingStorageTests {
    private static let leastKept: Float = 1e-7

    /// Rounded to nearest, ties to even.
    private static func bfloat16(_ number: Float) -> UInt16 {
        let bits = number.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// Numbers that a type holds exactly, as the type and as float32.
    private func stored(_ graph: Graph, as type: ElementType, wide: Bool) throws -> Graph {
        var result = Graph()
        var ids: [ValueID: ValueID] = [:]
        for id in graph.inputs { ids[id] = result.addInput(graph[id].name, graph[id].shape, graph[id].type) }
        for (id, tensor) in graph.constants.sorted(by: { $0.key.index < $1.key.index }) {
            guard tensor.type == .f32 else {
                ids[id] = result.addConstant(graph[id].name, tensor)
                continue
            }
            let numbers = tensor.withBytes { bytes in
                (0..<tensor.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
            let halves: [UInt16] = numbers.map { number in
                guard type == .f16 else { return Self.bfloat16(number) }
                // Converters keep small numbers, such as epsilons, from becoming 0.
                let isLost = number != 0 && abs(number) < Self.leastKept
                return Float16(isLost ? (number < 0 ? -Self.leastKept : Self.leastKept) : number).bitPattern
            }
            let rounded = halves.map {
                type == .f16 ? Float(Float16(bitPattern: $0)) : Float(bitPattern: UInt32($0) << 16)
            }
            let contents: Tensor? =
                wide
                ? Tensor(rounded, shape: tensor.shape)
                : Tensor(shape: tensor.shape, type: type, contents: .owned(halves.withUnsafeBytes { Array($0) }))
            ids[id] = result.addConstant(graph[id].name, try #require(contents))
        }
        for node in graph.nodes {
            let operands = node.inputs.map { $0.flatMap { ids[$0] } }
            let outputs: [ValueID]
            switch node.op {
            case .primitive(let primitive):
                outputs = try result.add(
                    primitive, named: node.name, operands, outputs: node.outputs.map { graph[$0].name })
            default:
                outputs = [result.add(node.op, named: node.name, operands, shape: graph[node.output].shape)]
            }
            for (old, new) in zip(node.outputs, outputs) { ids[old] = new }
        }
        for (name, id) in graph.outputs { result.addOutput(name, try #require(ids[id])) }
        return result
    }

    @Test("raised alike, and to the same numbers", arguments: ForeignModel.all, [ElementType.f16, .bf16])
    func raisesAlike(model: ForeignModel, type: ElementType) throws {
        let graph = try ONNXModel.load(model.path).graph
        var (narrow, wide) = (try stored(graph, as: type, wide: false), try stored(graph, as: type, wide: true))
        narrow.raise()
        wide.raise()
        // Formulas whose constants a type rounds are known by what they were.
        let kinds = Set(["gelu", "layerNorm", "attention", "separateAttention", "linear", "assembleTokens"])
        var exact = graph
        exact.raise()
        func counts(_ graph: Graph) -> [String: Int] {
            Dictionary(graph.nodes.map { ($0.op.name, 1) }, uniquingKeysWith: +).filter { kinds.contains($0.key) }
        }
        #expect(counts(narrow) == counts(exact))
        let engine = try Engine(threads: 1)
        let numbers = try model.numbers()
        let inputs = Dictionary(
            uniqueKeysWithValues: try model.inputs.map { ($0.name, InputArray.f32(try #require(numbers[$0.name]))) })
        let bindings = ["B": model.inputs[0].shape[0]]
        let outputs = model.outputs.map(\.name)
        let found = try Session(narrow, engine: engine).run(inputs, bindings: bindings, outputs: outputs)
        let expected = try Session(wide, engine: engine).run(inputs, bindings: bindings, outputs: outputs)
        for name in outputs {
            let (x, y) = (try #require(found[name]).values, try #require(expected[name]).values)
            let largest = y.map(abs).max() ?? 0
            let worst = zip(x, y).map { abs($0 - $1) }.max() ?? .infinity
            // Rounded formulas are taken for the exact ones; all else is the same arithmetic.
            #expect(worst <= (type == .f16 ? 1e-3 : 2e-2) * largest, "\(name): \(worst / largest)")
        }
    }

    @Test("a bias beside a normalisation is read in every storage", arguments: [ElementType.f32, .f16, .bf16])
    func foldsWithTheBias(type: ElementType) throws {
        let numbers: [Float] = [10, 20, 30]
        let halves = numbers.map { type == .f16 ? Float16($0).bitPattern : Self.bfloat16($0) }
        let stored =
            type == .f32
            ? Tensor(numbers, shape: [3])
            : Tensor(shape: [3], type: type, contents: .owned(halves.withUnsafeBytes { Array($0) }))
        var graph = Graph()
        let x = graph.addInput("x", [2, 2], .f32)
        let scale = graph.addConstant("scale", Tensor([2, 4], shape: [2]))
        let shift = graph.addConstant("shift", Tensor([1, -1], shape: [2]))
        let scaled = graph.add(.scaleShift, named: "scaled", [x, scale, shift], shape: [2, 2])
        let weight = graph.addConstant("weight", Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))
        let bias = graph.addConstant("bias", try #require(stored))
        let y = graph.add(
            .linear(LinearFusion()), named: "y", [scaled, weight, bias, nil, nil, nil], shape: [2, 3])
        graph.addOutput("y", y)
        let session = try Session(graph, engine: Engine(threads: 1))
        let found = try session.run(["x": .f32([1, 1, 0, 2])], bindings: [:], outputs: ["y"])
        // (3, 3) and (1, 7) after the normalisation.
        #expect(found["y"]?.values == [19, 41, 63, 25, 51, 77])
    }
}
