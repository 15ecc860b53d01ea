internal import UnmaskGraph

extension OperatorRegistry {
    /// Attention as onnxruntime's optimiser fuses it.
    static let microsoftAttention: Table = [
        // (input [B, T, D], weight [D, 3·D], bias? [3·D], mask?, past?, attention bias?)
        "Attention": OperatorReader(2...7, outputs: 1...2) { node throws(NodeProblem) in
            guard !node.has(4), !node.has(6) else { throw .unsupported("past keys and values") }
            var joint = try node.add(.matMul, try node.operand(0), try node.operand(1))
            if node.has(2) { joint = try node.add(.binary(.add), joint, try node.operand(2)) }
            try node.emitAttention(joint: joint, mask: node.operands[3], bias: node.operands[5])
        },
        // (query, key?, value?, bias? [3·D], padding mask?, attention bias?, past key?, past value?)
        "MultiHeadAttention": OperatorReader(1...10, outputs: 1...4) { node throws(NodeProblem) in
            guard (6..<10).allSatisfy({ !node.has($0) }) else { throw .unsupported("past keys and values") }
            let heads = try node.requiredInt("num_heads", in: .positive)
            var parts = try node.separateParts(heads: heads)
            if node.has(3) { parts = try node.biased(parts, by: try node.operand(3), heads: heads) }
            try node.emitAttention(parts, heads: heads, mask: node.operands[4], bias: node.operands[5])
        },
        // Quantised: (input, weight, bias, input's scale, weight's scale, mask?, zero points?, past?)
        "QAttention": OperatorReader(5...9, outputs: 1...2) { node throws(NodeProblem) in
            guard !node.has(8) else { throw .unsupported("past keys and values") }
            let x = try node.dequantised(0, scale: 3, zero: 6, axis: -1)
            let weight = try node.dequantised(1, scale: 4, zero: 7, axis: -1)
            let product = try node.add(.matMul, x, weight)
            let joint = try node.add(.binary(.add), product, try node.operand(2))
            try node.emitAttention(joint: joint, mask: node.operands[5], bias: nil)
        },
    ]
}

extension NodeImport {
    /// Ends the node as attention over queries, keys and values that lie beside one another, [B, T, 3·D].
    fileprivate func emitAttention(joint: ValueID, mask: ValueID?, bias: ValueID?) throws(NodeProblem) {
        let heads = try requiredInt("num_heads", in: .positive)
        guard let width = importer.graph[joint].shape.width else { throw .shapeUnknown("its weight's width is open") }
        guard try !flag("do_rotary", default: false) else { throw .unsupported("rotary positions") }
        ignore("rotary_embedding_dim", "past_present_share_buffer", "do_rotary")
        let sizes = try ints("qkv_hidden_sizes", in: .positive) ?? Array(repeating: width / 3, count: 3)
        guard sizes.count == 3, sizes.reduce(0, +) == width else {
            throw .invalid("queries, keys and values of \(sizes) columns do not fill \(width)")
        }
        let parts = try add(.split(axis: 2), [joint, constant(sizes)], count: 3)
        try emitAttention(parts, heads: heads, mask: mask, bias: bias)
    }

    /// - Parameters:
    ///   - parts: queries, keys and values, [B, T, H·d] or [B, H, T, d].
    ///   - mask: [B, T] of i32, 1 for keys that count.
    ///   - bias: added to the scores.
    fileprivate func emitAttention(
        _ parts: [ValueID], heads: Int, mask: ValueID?, bias: ValueID?
    ) throws(NodeProblem) {
        guard resultNames.count == 1 else { throw .unsupported("results besides the first") }
        let filter = try float("mask_filter_value", default: -10_000)
        let stated = try float("scale", default: 0)
        var added = bias
        if let mask {
            let hidden = try hiddenKeys(mask, of: parts[1], filter: filter)
            added = try added.map { bias throws(NodeProblem) in try add(.binary(.add), hidden, bias) } ?? hidden
        }
        let attention = ScaledDotProduct(
            scale: stated == 0 ? nil : stated, causal: try flag("unidirectional", default: false), queryHeads: heads,
            keyHeads: heads)
        let isRows = importer.graph[parts[0]].shape.dimensions.count == 3
        guard isRows, importer.graph[parts[1]].shape.dimensions.count == 4 else {
            return try emit(.attention(attention), parts + [added])
        }
        // Keys and values that come head by head; the result is rows, as the queries are.
        let queries = try byHead(parts[0], heads: heads)
        let mixed = try add(.attention(attention), [queries, parts[1], parts[2], added], count: 1)[0]
        let rows = try add(.transpose([0, 2, 1, 3]), mixed)
        let shape = importer.graph[parts[0]].shape
        finish(
            try reshape(
                rows,
                to: Shape(shape.dimensions.dropLast() + [importer.graph[rows].shape.dimensions[2...].width(heads)])))
    }

    /// [B, T] of 1 and 0 → [B, 1, 1, T] of 0 and `filter`.
    private func hiddenKeys(_ mask: ValueID, of keys: ValueID, filter: Float) throws(NodeProblem) -> ValueID {
        let (shape, key) = (importer.graph[mask].shape.dimensions, importer.graph[keys].shape.dimensions)
        guard shape.count == 2, shape[1] == key[key.count - 2] else {
            throw .unsupported("a mask of shape \(Shape(shape))")
        }
        let counts = try add(.cast(.f32), mask)
        let hidden = try add(.binary(.subtract), constant(1), counts)
        return try add(.unsqueeze, try add(.binary(.multiply), hidden, constant(filter)), constant([1, 2]))
    }

    private func byHead(_ rows: ValueID, heads: Int) throws(NodeProblem) -> ValueID {
        let shape = importer.graph[rows].shape
        guard let width = shape.width, width % heads == 0 else { throw .invalid("\(shape) is of no \(heads) heads") }
        let split = try reshape(rows, to: Shape(shape.dimensions.dropLast() + [.fixed(heads), .fixed(width / heads)]))
        return try add(.transpose([0, 2, 1, 3]), split)
    }

    /// Queries, keys and values in any of the forms that MultiHeadAttention takes: apart, or packed in one as
    /// [B, T, H, 3, d], or keys and values packed as [B, T, H, 2, d].
    fileprivate func separateParts(heads: Int) throws(NodeProblem) -> [ValueID] {
        let query = try operand(0)
        if try rank(0) == 5 { return try unpacked(query, 3) }
        guard has(1) else { throw .invalid("it has no keys") }
        if try rank(1) == 5 { return [query] + (try unpacked(try operand(1), 2)) }
        return [query, try operand(1), try operand(2)]
    }

    private func unpacked(_ packed: ValueID, _ count: Int) throws(NodeProblem) -> [ValueID] {
        let shape = importer.graph[packed].shape.dimensions
        guard shape[3] == .fixed(count), let width = Dimension.product([shape[2], shape[4]]) else {
            throw .invalid("packed operands of shape \(Shape(shape))")
        }
        var parts: [ValueID] = []
        for part in try add(.split(axis: 3), [packed, constant(Array(repeating: 1, count: count))], count: count) {
            parts.append(try reshape(part, to: Shape(shape[..<2] + [width])))
        }
        return parts
    }

    /// Adds to each part its share of one bias.
    fileprivate func biased(_ parts: [ValueID], by bias: ValueID, heads: Int) throws(NodeProblem) -> [ValueID] {
        let widths = try parts.map { part throws(NodeProblem) in
            let shape = importer.graph[part].shape
            guard let width = shape.width else { throw .shapeUnknown("its operand is \(shape)") }
            return shape.dimensions.count == 4 ? heads * width : width
        }
        let shares = try add(.split(axis: 0), [bias, constant(widths)], count: 3)
        var biased: [ValueID] = []
        for (part, share) in zip(parts, shares) {
            let shape = importer.graph[part].shape
            let row =
                shape.dimensions.count == 4
                ? try reshape(share, to: [.fixed(heads), 1, shape.dimensions[3]]) : share
            biased.append(try add(.binary(.add), part, row))
        }
        return biased
    }
}

extension ArraySlice<Dimension> {
    /// The width of so many heads' numbers.
    fileprivate func width(_ heads: Int) -> Dimension {
        last.flatMap { Dimension.product([.fixed(heads), $0]) } ?? 0
    }
}
