internal import UnmaskGraph

/// What sees its tokens as places of a grid.
extension Emitter {
    /// Rows of each image in another order, a row of zeros behind them where one is asked for.
    mutating func emitGatheredTokens(_ node: Node) throws(ONNXExportError) -> String {
        let order = try tensor(node.operand(1), "order", of: node)
        guard let x = node.operand(0), let width = graph[x].shape.width, order.type == .i32, order.count > 0,
            let from = rows(of: x, width: width), let to = rows(of: node.output, width: width), to >= order.count
        else { throw .unsupported(node: node.name, "the shapes of its rows are not known, or its order is no i32") }
        let sources = from / (to / order.count)
        let numbers = order.withBytes { bytes in
            (0..<order.count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
        }
        var rows = reshape(try operand(x), [-1, sources, width], node.name + "/rows")
        if numbers.contains(where: { $0 < 0 }) {
            rows = self.node("Pad", [rows, integers([0, 0, 0, 0, 1, 0])], node.name + "/padded")
        }
        let places = initializer(
            node.name + "/order", Tensor(int64: numbers.map { $0 < 0 ? sources : $0 }, shape: [numbers.count]))
        let gathered = self.node("Gather", [rows, places], node.name + "/gathered", ["axis": .int(1)])
        return try reshape(gathered, as: node)
    }

    mutating func emitDepthwise(_ node: Node, _ convolution: GridConvolution) throws(ONNXExportError) -> String {
        let weight = try tensor(node.operand(1), "weight", of: node)
        let (kernel, rows, columns) = (convolution.kernel, convolution.rows, convolution.columns)
        guard let x = node.operand(0), weight.shape.count == 2, weight.shape[0] == kernel * kernel else {
            throw .unsupported(node: node.name, "its weight is \(weight.shape)")
        }
        let channels = weight.shape[1]
        let numbers = weight.widened()
        let kernels = (0..<channels * kernel * kernel).map { index in
            numbers[index % (kernel * kernel) * channels + index / (kernel * kernel)]
        }
        let grid = reshape(try operand(x), [-1, rows, columns, channels], node.name + "/grid")
        var operands = [
            transpose(grid, [0, 3, 1, 2], node.name + "/planes"),
            initializer(node.name + "/kernels", Tensor(kernels, shape: [channels, 1, kernel, kernel])),
        ]
        if let bias = node.operand(2) { operands.append(try operand(bias)) }
        let pad = kernel / 2
        let convolved = self.node(
            "Conv", operands, node.name + "/conv",
            ["kernel_shape": .ints([kernel, kernel]), "pads": .ints([pad, pad, pad, pad]), "group": .int(channels)])
        let rowwise = transpose(convolved, [0, 2, 3, 1], node.name + "/channels last")
        return try reshape(rowwise, as: node)
    }

    mutating func emitResponseNorm(
        _ x: String, epsilon: Float, _ node: Node
    ) throws(ONNXExportError) -> String {
        guard let weight = node.operand(1), let bias = node.operand(2) else {
            throw .unsupported(node: node.name, "it needs weight and bias")
        }
        let name = node.name
        let squares = self.node("Mul", [x, x], name + "/squares", float32: true)
        let sums = reduce("ReduceSum", squares, axes: [1], keep: true, name + "/sums", float32: true)
        let lengths = self.node("Sqrt", [sums], name + "/lengths", float32: true)
        let mean = reduce("ReduceMean", lengths, axes: [2], keep: true, name + "/mean", float32: true)
        let raised = self.node("Add", [mean, scalar(epsilon)], name + "/raised", float32: true)
        let response = self.node("Div", [lengths, raised], name + "/response", float32: true)
        let weighted = self.node("Mul", [response, try operand(weight)], name + "/weighted")
        let moved = self.node("Mul", [x, weighted], name + "/moved")
        let shifted = self.node("Add", [moved, try operand(bias)], name + "/shifted")
        return self.node("Add", [x, shifted], name)
    }

    mutating func emitPooledTokens(
        _ x: String, _ pooling: TokenPooling, _ node: Node
    ) throws(ONNXExportError) -> String {
        guard let id = node.operand(0), let all = graph[id].shape.width, let result = graph[node.output].shape.width
        else { throw .unsupported(node: node.name, "its width is not known") }
        let width = pooling.means ? result / 2 : result
        var columns = x
        if width < all {
            columns = slice(
                x, axis: rank(id) - 1, from: pooling.column, to: pooling.column + width, node.name + "/columns")
        }
        let groups = reshape(columns, [-1, pooling.group, width], node.name + "/groups")
        var pooled = reduce("ReduceMax", groups, axes: [1], keep: false, node.name + "/largest")
        if pooling.means {
            let means = reduce("ReduceMean", groups, axes: [1], keep: false, node.name + "/means")
            pooled = self.node("Concat", [pooled, means], node.name + "/both", ["axis": .int(1)])
        }
        return try reshape(pooled, as: node)
    }

    // MARK: Shapes

    /// The rows of so many numbers that a value has, for each one of its first dimension's symbol; nil where that is not
    /// known.
    private func rows(of id: ValueID, width: Int) -> Int? {
        let dimensions = shape(of: id).dimensions
        let rest = dimensions.dropFirst().compactMap { $0.bound(by: [:]) }
        guard rest.count == dimensions.count - 1, width > 0, let first = dimensions.first else { return nil }
        switch first {
        case .fixed(let count): return saturatingProduct([count] + rest) / width
        case .symbol(_, let times, plus: 0): return saturatingProduct([times] + rest) / width
        case .symbol: return nil
        }
    }

    /// In the shape of a node's result, whose first dimension alone may be a symbol.
    mutating func reshape(_ x: String, as node: Node) throws(ONNXExportError) -> String {
        let rest = shape(of: node.output).dimensions.dropFirst()
        let sizes = rest.compactMap { $0.bound(by: [:]) }
        guard sizes.count == rest.count else {
            throw .unsupported(node: node.name, "the shape of its result is not known")
        }
        return reshape(x, [-1] + sizes, node.name)
    }
}
