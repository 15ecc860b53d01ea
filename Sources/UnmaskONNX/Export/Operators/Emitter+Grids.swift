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

    /// Queries times both tables' rows for each place, ones at keys' own places, zeros behind values.
    mutating func emitRelatedHeads(_ node: Node, _ grid: HeadGrid) throws(ONNXExportError) -> String {
        let (heads, rows, columns, name) = (grid.heads, grid.rows, grid.columns, node.name)
        guard let x = node.operand(0), let width = graph[x].shape.width, width % (3 * heads) == 0 else {
            throw .unsupported(node: name, "its width is not known, or no multiple of \(heads) heads")
        }
        let d = width / 3 / heads
        let split = reshape(try operand(x), [-1, rows, columns, 3, heads, d], name + "/parts")
        func part(_ index: Int, _ emitter: inout Emitter) -> String {
            emitter.node("Gather", [split, emitter.integer(index)], "\(name)/part\(index)", ["axis": .int(3)])
        }
        let parts = [part(0, &self), part(1, &self), part(2, &self)]  // [b, rows, columns, H, d] each
        let scale = Float(d).squareRoot()
        // [b, rows, columns·H, d] times [rows, d, rows], and the same with rows and columns exchanged.
        let byRow = reshape(parts[0], [-1, rows, columns * heads, d], name + "/by row")
        let rowTable = try relations(node, 1, side: rows, width: d, scale)
        let down = reshape(
            self.node("MatMul", [byRow, rowTable], name + "/rows"), [-1, rows, columns, heads, rows], name + "/down")
        let exchanged = transpose(parts[0], [0, 2, 1, 3, 4], name + "/exchanged")
        let byColumn = reshape(exchanged, [-1, columns, rows * heads, d], name + "/by column")
        let columnTable = try relations(node, 2, side: columns, width: d, scale)
        let across = reshape(
            self.node("MatMul", [byColumn, columnTable], name + "/columns"), [-1, columns, rows, heads, columns],
            name + "/across")
        let right = transpose(across, [0, 2, 1, 3, 4], name + "/right")
        let query = self.node("Concat", [parts[0], down, right], name + "/q", ["axis": .int(4)])
        let extra = rows + columns
        let padding = [0, 0, 0, 0, 0, 0, 0, 0, 0, extra]
        let shape = [1, rows, columns, heads, d + extra]
        var marks = [Float](repeating: 0, count: shape.reduce(1, *))
        for head in 0..<rows * columns * heads {
            let place = head / heads
            marks[head * (d + extra) + d + place / columns] = 1
            marks[head * (d + extra) + d + rows + place % columns] = 1
        }
        let key = self.node(
            "Add",
            [
                self.node("Pad", [parts[1], integers(padding)], name + "/k/padded"),
                initializer(name + "/places", Tensor(marks, shape: shape)),
            ], name + "/k")
        let value = self.node("Pad", [parts[2], integers(padding)], name + "/v")
        let wide = heads * (d + extra)
        let flat = [query, key, value].enumerated().map { index, part in
            reshape(part, [-1, rows * columns, wide], "\(name)/\(index)")
        }
        let joint = self.node("Concat", flat, name + "/joint", ["axis": .int(2)])
        return try reshape(joint, as: node)
    }

    /// A table's rows for every pair of places along one side, [side, width, side].
    private mutating func relations(
        _ node: Node, _ place: Int, side: Int, width: Int, _ scale: Float
    ) throws(ONNXExportError) -> String {
        let table = try tensor(node.operand(place), "table", of: node)
        guard table.shape == [2 * side - 1, width] else {
            throw .unsupported(node: node.name, "its table is \(table.shape)")
        }
        let numbers = table.widened()
        let spread = (0..<side * width * side).map { index in
            let (key, column, query) = (index % side, index / side % width, index / side / width)
            return scale * numbers[(query - key + side - 1) * width + column]
        }
        return initializer("\(node.name)/table\(place)", Tensor(spread, shape: [side, width, side]))
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
