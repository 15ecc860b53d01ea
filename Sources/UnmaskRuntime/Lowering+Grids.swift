internal import UnmaskGraph

/// What sees its tokens as places of a grid.
extension Lowering {
    mutating func gatherTokens(_ node: Node, _ out: [Int]) throws(RuntimeError) -> Instruction {
        let (x, order) = (try operand(node, 0), try operand(node, 1))
        let width = x.shape.last ?? 0
        let (from, to) = (x.shape.dropLast().reduce(1, *), width > 0 ? out.reduce(1, *) / width : 0)
        let count = order.shape.reduce(1, *)
        let images = count > 0 ? to / count : 0
        guard images > 0, to * width == out.reduce(1, *), images * count == to, from % images == 0,
            let largest = graph.constants[order.id]?.largestWhole
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "\(count) of the rows of \(x.shape) do not give \(out)")
        }
        guard largest < from / images else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "it asks for rows beyond the \(from / images) there are")
        }
        return .gatherRows(
            images: images, sources: from / images, count: count, width: width, x: x.slot, order: order.slot,
            out: place(node, out))
    }

    mutating func relateHeads(
        _ node: Node, _ grid: HeadGrid, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let (x, rows, columns) = (try operand(node, 0), try operand(node, 1), try operand(node, 2))
        let headWidth = (x.shape.last ?? 0) / max(3 * grid.heads, 1)
        guard grid.heads > 0, grid.rows > 0, grid.columns > 0, x.shape.count == 3, out.count == 3,
            x.shape == [out[0], out[1], 3 * grid.heads * headWidth],
            saturatingProduct(grid.rows, grid.columns) == out[1],
            out[2] == saturatingProduct(3, grid.heads, grid.wide(headWidth)),
            rows.shape == [2 * grid.rows - 1, headWidth], columns.shape == [2 * grid.columns - 1, headWidth]
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "a grid of \(grid.rows)x\(grid.columns) and \(grid.heads) heads for \(x.shape) give \(out)")
        }
        let call = Instruction.RelateHeads(
            rows: out[0] * out[1], headWidth: headWidth, grid: grid, x: x.slot, tableRows: rows.slot,
            tableColumns: columns.slot, out: place(node, out))
        let products = saturatingProduct(2, out[0], out[1], grid.heads, headWidth, grid.rows + grid.columns)
        return (.relateHeads(call), products)
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
