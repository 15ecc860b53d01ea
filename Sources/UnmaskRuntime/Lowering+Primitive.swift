internal import CUnmaskKernels
internal import UnmaskGraph

/// Primitives: those that have a kernel of their own, and the rest by their definition.
extension Lowering {
    /// - Parameter isEmpty: no result has an element.
    mutating func lower(
        _ primitive: Primitive, _ node: Node, at index: Int, isEmpty: Bool
    ) throws(RuntimeError) {
        do throws(GraphError) { try graph.verify(node, bindings: bindings) } catch {
            throw .malformedNode(name: node.name, op: primitive.name, problem: error.problem)
        }
        let kernel = PrimitiveKernel.of(primitive, node, graph)
        if kernel == .view { return }
        if isEmpty { return placeEmpty(node) }
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
        steps.append(
            Plan.Step(
                name: node.name, kind: node.op.name, shape: out, flops: flops, kernel: instruction.kernel,
                grid: node.grid))
    }

    /// x · w + c, c being a bias or as large as the result.
    private mutating func linear(_ node: Node, at index: Int, m: Int, n: Int, k: Int) throws(RuntimeError) {
        let (x, weight, out) = (try operand(node, 0), try operand(node, 1), try shape(of: node.output))
        let c = node.inputs.count > 2 ? node.inputs[2] : nil
        let isBias = try c.map { (id) throws(RuntimeError) in try shape(of: id).reduce(1, *) == n } ?? false
        let slot = optional(node, 2)
        let result = reuse(nil, for: node, at: index, out)
        let kernel = engine.kernel(node.arithmetic)
        let gemm = Instruction.GEMM(
            kernel: kernel, m: m, n: n, k: k, a: x.slot, weight: weight.slot, bias: isBias ? slot : nil, normEpsilon: 0,
            grid: node.grid, residual: isBias ? nil : slot, c: result,
            scratch: try scratch(floats: unmask_gemm_scratch_floats(kernel.handle, m, k), for: node))
        append(.gemm(gemm), node, out, flops: saturatingProduct(2, m, n, k))
    }

    private mutating func product(_ node: Node, _ out: [Int]) throws(RuntimeError) {
        let (a, b) = (try operand(node, 0), try operand(node, 1))
        let left = a.shape.count == 1 ? [1] + a.shape : a.shape
        let right = b.shape.count == 1 ? b.shape + [1] : b.shape
        let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        let result = reuse(nil, for: node, at: -1, out)
        let kernel = engine.plainKernel
        let taken = try scratch(
            floats: [
                kernel.panelBytes(n: n, k: k) / MemoryLayout<Float>.size,
                unmask_gemm_scratch_floats(kernel.handle, m, k),
            ], for: node)
        let places = MatrixPlaces(left.dropLast(2), right.dropLast(2))
        append(
            .product(
                .init(
                    kernel: kernel, m: m, n: n, k: k, places: places, a: a.slot, b: b.slot, c: result, panels: taken[0],
                    scratch: taken[1])),
            node, out, flops: saturatingProduct(2, places.count, m, n, k))
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
        let kernel = engine.kernel(node.arithmetic)
        let taken = try scratch(
            floats: [
                saturatingProduct(columns.places, k), saturatingProduct(columns.places, n),
                unmask_gemm_scratch_floats(kernel.handle, columns.places, k),
            ], for: node)
        append(
            .convolution(
                .init(
                    kernel: kernel, batch: out[0], columns: columns, groups: groups, n: n, k: k,
                    panelBytes: kernel.panelBytes(n: n, k: k), x: x.slot, weight: weight.slot,
                    out: result, bias: optional(node, 2), gathered: taken[0], product: taken[1], scratch: taken[2])),
            node, out, flops: saturatingProduct(2, out.reduce(1, *), k))
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
        let (shapes, result) = (operands.map { $0?.shape }, results[0].shape)
        try limits.check(
            memory: saturatingSum(memory.arenaBytes, primitive.tableBytes(operands: shapes, result: result)), of: node)
        let flops = primitive.flops(operands: shapes, result: result)
        try limits.check(work: saturatingProduct(flops, PlanLimits.evaluationCost), of: node)
        append(.evaluate(call), node, result, flops: flops)
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
}
