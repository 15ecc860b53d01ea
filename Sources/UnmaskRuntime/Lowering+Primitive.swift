internal import CUnmaskKernels
internal import UnmaskGraph

/// Primitives: those that have a kernel of their own, and the rest by their definition.
extension Lowering {
    mutating func lower(_ primitive: Primitive, _ node: Node, at index: Int) throws(RuntimeError) {
        do throws(GraphError) { try graph.verify(node, bindings: bindings) } catch {
            throw .malformedNode(name: node.name, op: primitive.name, problem: error.problem)
        }
        let kernel = PrimitiveKernel.of(primitive, node, graph)
        if kernel == .view { return }
        let out = try shape(of: node.output)
        let count = out.reduce(1, *)
        let width = out.last ?? 1
        let rows = width > 0 ? count / width : 0
        switch kernel {
        case .view: break
        case .linear(let n, let k, _): try linear(node, at: index, m: n > 0 ? count / n : 0, n: n, k: k)
        case .product: try product(node, out)
        case .convolution(let groups, let n, let k):
            guard case .convolution(let convolution) = primitive else { return }
            try self.convolution(node, convolution.window, out, groups: groups, n: n, k: k)
        case .layerNorm:
            guard case .layerNormalization(let axis, let epsilon) = primitive else { return }
            let x = try operand(node, 0)
            let width = out[(axis < 0 ? axis + out.count : axis)...].reduce(1, *)
            append(
                .layerNorm(
                    rows: width > 0 ? count / width : 0, width: width, x: x.slot, weight: optional(node, 1),
                    bias: optional(node, 2), epsilon: epsilon, out: reuse(x.id, for: node, at: index, out)),
                node, out, flops: 8 * count)
        case .softmax:
            let x = try operand(node, 0)
            append(
                .softmax(rows: rows, width: width, x: x.slot, out: reuse(x.id, for: node, at: index, out)), node, out,
                flops: 5 * count)
        case .add:
            let (a, b) = (try operand(node, 0), try operand(node, 1))
            append(
                .add(count: count, a: a.slot, b: b.slot, out: reuse(a.id, for: node, at: index, out)), node, out,
                flops: count)
        case .evaluation: try evaluate(primitive, node, at: index)
        }
    }

    private mutating func append(_ instruction: Instruction, _ node: Node, _ out: [Int], flops: Int) {
        instructions.append(instruction)
        steps.append(Plan.Step(name: node.name, kind: node.op.name, shape: out, flops: flops))
    }

    /// Floats of scratch memory: a product of sizes, refused where nothing could hold it.
    private func floats(_ factors: Int..., for node: Node) throws(RuntimeError) -> Int {
        guard let bytes = Tensor.byteCount(shape: factors, type: .f32), bytes <= Lowering.mostBytes else {
            throw .impossibleShape(value: node.name, shape: factors)
        }
        return bytes / MemoryLayout<Float>.size
    }

    /// x · w + c, c being a bias or as large as the result.
    private mutating func linear(_ node: Node, at index: Int, m: Int, n: Int, k: Int) throws(RuntimeError) {
        let (x, weight, out) = (try operand(node, 0), try operand(node, 1), try shape(of: node.output))
        let c = node.inputs.count > 2 ? node.inputs[2] : nil
        let isBias = try c.map { (id) throws(RuntimeError) in try shape(of: id).reduce(1, *) == n } ?? false
        let slot = optional(node, 2)
        let result = reuse(nil, for: node, at: index, out)
        let floats = unmask_f32_gemm_scratch_floats(engine.handle, m, n, k, false)
        let gemm = Instruction.GEMM(
            m: m, n: n, k: k, a: x.slot, weight: weight.slot, bias: isBias ? slot : nil, normEpsilon: 0,
            residual: isBias ? nil : slot, c: result, scratch: scratch(floats: floats))
        append(.gemm(gemm), node, out, flops: operations(2, m, n, k))
    }

    private mutating func product(_ node: Node, _ out: [Int]) throws(RuntimeError) {
        let (a, b) = (try operand(node, 0), try operand(node, 1))
        let left = a.shape.count == 1 ? [1] + a.shape : a.shape
        let right = b.shape.count == 1 ? b.shape + [1] : b.shape
        let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        // More than the panels take: whole tiles of columns and vectors of k.
        _ = try floats(n + 64, k + 64, for: node)
        let result = reuse(nil, for: node, at: -1, out)
        let taken = memory.scratch(bytes: [
            WeightStore.panelBytes(n: n, k: k, engine),
            unmask_f32_gemm_scratch_floats(engine.handle, m, n, k, false) * MemoryLayout<Float>.size,
        ])
        let places = MatrixPlaces(left.dropLast(2), right.dropLast(2))
        append(
            .product(
                .init(
                    m: m, n: n, k: k, places: places, a: a.slot, b: b.slot, c: result, panels: taken[0],
                    scratch: taken[1])),
            node, out, flops: operations(2, places.count, m, n, k))
    }

    private mutating func convolution(
        _ node: Node, _ window: Window, _ out: [Int], groups: Int, n: Int, k: Int
    ) throws(RuntimeError) {
        let (x, weight) = (try operand(node, 0), try operand(node, 1))
        let sizes = Array(x.shape[2...])
        guard let geometry = WindowGeometry(window, over: sizes) else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "its window does not fit \(sizes)")
        }
        let columns = ColumnGrid(window, geometry, sizes: sizes, channels: x.shape[1] / groups)
        let result = reuse(nil, for: node, at: -1, out)
        let floats = [
            try floats(columns.places, k, for: node), try floats(columns.places, n, for: node),
            unmask_f32_gemm_scratch_floats(engine.handle, columns.places, n, k, false),
        ]
        let taken = memory.scratch(bytes: floats.map { $0 * MemoryLayout<Float>.size })
        append(
            .convolution(
                .init(
                    batch: out[0], columns: columns, groups: groups, n: n, k: k,
                    panelBytes: WeightStore.panelBytes(n: n, k: k, engine), x: x.slot, weight: weight.slot,
                    out: result, bias: optional(node, 2), gathered: taken[0], product: taken[1], scratch: taken[2])),
            node, out, flops: operations(2, out.reduce(1, *), k))
    }

    /// By the definition, into new places; elementwise operations may take over an operand's.
    private mutating func evaluate(_ primitive: Primitive, _ node: Node, at index: Int) throws(RuntimeError) {
        var operands: [Instruction.Evaluation.Array?] = []
        for (place, id) in node.inputs.enumerated() {
            guard let id else {
                operands.append(nil)
                continue
            }
            let found = try operand(node, place)
            operands.append(.init(slot: found.slot, type: graph[id].type.atRunTime, shape: found.shape))
        }
        var results: [Instruction.Evaluation.Array] = []
        for id in node.outputs {
            let (sizes, type) = (try shape(of: id), graph[id].type.atRunTime)
            let bytes = sizes.reduce(type.byteCount, *)
            let heir = node.inputs.indices.first { place in
                primitive.mayOverwriteOperand && operands[place]?.shape == sizes
                    && operands[place]?.type.byteCount == type.byteCount
            }
            let slot = memory.reuse(heir.flatMap { node.inputs[$0] }, for: id, at: index, bytes: bytes)
            results.append(.init(slot: slot, type: type, shape: sizes))
        }
        let call = Instruction.Evaluation(
            node: node.name, primitive: primitive, operands: operands, results: results)
        append(.evaluate(call), node, results[0].shape, flops: primitive.flops(operands, results[0]))
    }
}

extension Primitive {
    /// Whether each element of the result depends on the same elements of its operands alone.
    fileprivate var mayOverwriteOperand: Bool {
        switch self {
        case .unary, .binary, .clip, .cast, .select: true
        default: false
        }
    }

    /// Multiplications and additions, of those whose work outweighs their elements.
    fileprivate func flops(
        _ operands: [Instruction.Evaluation.Array?], _ result: Instruction.Evaluation.Array
    ) -> Int {
        let count = result.shape.reduce(1, *)
        func sizes(_ index: Int) -> [Int] { index < operands.count ? operands[index]?.shape ?? [] : [] }
        switch self {
        case .matMul, .matMulInteger: return operations(2, count, sizes(0).last ?? 0)
        case .gemm(_, _, let transposeA, _): return operations(2, count, transposeA ? sizes(0)[0] : sizes(0)[1])
        case .convolution: return operations(2, count, sizes(1).dropFirst().reduce(1, *))
        case .transposedConvolution:
            return operations(2, sizes(0).reduce(1, *), sizes(1).dropFirst().reduce(1, *))
        case .attention: return operations(4, count, sizes(1).dropLast().last ?? 0)
        case .unary, .binary, .clip, .reduce, .softmax, .layerNormalization, .batchNormalization, .groupNormalization,
            .instanceNormalization, .rootMeanSquareNormalization, .resize:
            return count
        default: return 0
        }
    }
}

/// A count of operations, far below overflow in a sum of such counts.
private func operations(_ factors: Int...) -> Int {
    let most = 1 << 50
    return factors.reduce(1) { product, factor in
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        return overflow ? most : min(next, most)
    }
}
