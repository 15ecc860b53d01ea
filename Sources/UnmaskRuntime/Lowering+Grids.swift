internal import UnmaskGraph

/// What sees its tokens as places of a grid.
extension Lowering {
    mutating func gatherTokens(_ node: Node, _ out: [Int]) throws(RuntimeError) -> Instruction {
        let (x, order) = (try operand(node, 0), try operand(node, 1))
        let width = x.shape.last ?? 0
        let (from, to) = (x.shape.dropLast().reduce(1, *), width > 0 ? out.reduce(1, *) / width : 0)
        let ownOrders = graph.constants[order.id] == nil
        let count = (ownOrders ? Array(order.shape.dropFirst()) : order.shape).reduce(1, *)
        let images = count > 0 ? to / count : 0
        guard images > 0, to * width == out.reduce(1, *), images * count == to, from % images == 0,
            !ownOrders || order.shape.first == images, let largest = largestRow(of: order.id, sources: from / images)
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "\(count) of the rows of \(x.shape) do not give \(out)")
        }
        guard largest < from / images else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "it asks for rows beyond the \(from / images) there are")
        }
        return .gatherRows(
            .init(
                images: images, sources: from / images, count: count, width: width, ownOrders: ownOrders, x: x.slot,
                order: order.slot, out: place(node, out)))
    }

    /// The largest number that an order can have; nil where it cannot be known.
    private func largestRow(of order: ValueID, sources: Int) -> Int? {
        if let constant = graph.constants[order] { return constant.largestWhole }
        guard let maker = graph.nodes.first(where: { $0.outputs.contains(order) }) else { return nil }
        switch maker.op {
        case .unitTokens(let grid, _): return grid.rows * grid.columns - 1
        // Places among kept units' tokens, which are those that there are.
        case .unitPlaces: return sources - 1
        default: return nil
        }
    }

    /// - Parameter tokens: whose numbers it gives of each unit.
    mutating func units(
        _ node: Node, _ grid: UnitGrid, tokens: Int, _ out: [Int]
    ) throws(RuntimeError) -> Instruction.Units {
        let ids = try operand(node, 0)
        guard grid.isWhole, ids.shape.count == 2, out == [ids.shape[0], saturatingProduct(ids.shape[1], tokens)],
            ids.shape[1] <= grid.units
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem:
                    "units of \(grid.side)x\(grid.side) of \(grid.rows)x\(grid.columns) tokens and ids \(ids.shape) "
                    + "do not give \(out)")
        }
        limitIdentifiers(node, 0, below: grid.units)
        let result = place(node, out)
        let scratch = try scratch(floats: saturatingProduct(ids.shape[0], grid.units), for: node) ?? .arena(0)
        return .init(batch: ids.shape[0], kept: ids.shape[1], grid: grid, ids: ids.slot, scratch: scratch, out: result)
    }

    /// Nothing runs: the result lies where the operand does.
    func regroup(_ node: Node) throws(RuntimeError) {
        let (from, to) = (try operand(node, 0).shape, try shape(of: node.output))
        guard from.reduce(1, *) == to.reduce(1, *) else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "\(from) does not give \(to)")
        }
    }

    mutating func depthwise(
        _ node: Node, _ convolution: GridConvolution, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let (x, weight) = (try operand(node, 0), try operand(node, 1))
        let taps = saturatingProduct(convolution.kernel, convolution.kernel)
        guard out.count == 3, x.shape == out, convolution.kernel % 2 == 1, weight.shape == [taps, out[2]],
            saturatingProduct(convolution.rows, convolution.columns) == out[1]
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "a grid of \(convolution.rows)x\(convolution.columns), weights \(weight.shape) for \(x.shape)")
        }
        try requireNumbers(node, 2, count: optional(node, 2) == nil ? 0 : out[2])
        let call = Instruction.Depthwise(
            batch: out[0], height: convolution.rows, width: convolution.columns, channels: out[2],
            kernel: convolution.kernel, x: x.slot, weight: weight.slot, bias: optional(node, 2), out: place(node, out))
        return (.depthwise(call), saturatingProduct(2, taps, out.reduce(1, *)))
    }

    mutating func responseNorm(
        _ node: Node, epsilon: Float, at index: Int, _ out: [Int]
    ) throws(RuntimeError) -> Instruction {
        let x = try operand(node, 0)
        guard out.count == 3, x.shape == out else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "\(x.shape) gives \(out)")
        }
        try requireNumbers(node, 1, count: out[2])
        try requireNumbers(node, 2, count: out[2])
        let (weight, bias) = (try operand(node, 1), try operand(node, 2))
        let result = reuse(x.id, for: node, at: index, out)
        return .responseNorm(
            batch: out[0], tokens: out[1], width: out[2], x: x.slot, weight: weight.slot, bias: bias.slot,
            epsilon: epsilon, out: result,
            scratch: try scratch(floats: saturatingProduct(out[0], out[2]), for: node) ?? .arena(0))
    }

    mutating func poolTokens(_ node: Node, _ pooling: TokenPooling, _ out: [Int]) throws(RuntimeError) -> Instruction {
        let x = try operand(node, 0)
        let (stride, all) = (x.shape.last ?? 0, out.last ?? 0)
        let width = pooling.means ? all / 2 : all
        let rows = all > 0 ? out.reduce(1, *) / all : 0
        guard pooling.group > 0, pooling.column >= 0, saturatingSum(pooling.column, width) <= stride,
            all == (pooling.means ? 2 * width : width),
            saturatingProduct(rows, pooling.group) == x.shape.dropLast().reduce(1, *)
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "groups of \(pooling.group) of \(x.shape) do not give \(out)")
        }
        return .poolRows(
            rows: rows, pooling: pooling, width: width, stride: stride, x: x.slot, out: place(node, out))
    }
}

extension Tensor {
    /// The largest number of a tensor of i32; nil for others, and where there is none.
    fileprivate var largestWhole: Int? {
        guard type == .i32 else { return nil }
        return withBytes { bytes in
            (0..<count).lazy.map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }.max()
        }
    }
}
