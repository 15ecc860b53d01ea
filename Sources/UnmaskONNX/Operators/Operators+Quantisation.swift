internal import UnmaskGraph

extension OperatorRegistry {
    /// (x, scale, zero point, weight, scale, zero point, result's scale, zero point, bias?); onnxruntime's own form of it may
    /// have the channels last.
    static let quantisedConvolution = OperatorReader(8...9) { node throws(NodeProblem) in
        let convolution = try node.convolution(weight: 3)
        let axes = convolution.window.size.count
        let isLast = try node.flag("channels_last", default: false)
        var x = try node.dequantised(0, scale: 1, zero: 2)
        if isLast { x = try node.add(.transpose([0, axes + 1] + Array(1...axes)), x) }
        let weight = try node.dequantised(3, scale: 4, zero: 5, axis: 0)
        let bias = try node.wholeBias(8)
        var y = try node.add(.convolution(convolution), x, weight, bias)
        if isLast { y = try node.add(.transpose([0] + Array(2...axes + 1) + [1]), y) }
        try node.emitQuantised(y, scale: 6, zero: 7)
    }

    static let quantisation: Table = [
        "QuantizeLinear": OperatorReader(2...3) { node throws(NodeProblem) in
            node.ignore("saturate", "precision")
            guard try node.blockSize() == 0 else { throw .unsupported("scales for blocks") }
            let axis = try node.int("axis", default: 1)
            // The type is the zero point's, else the one that is stated, else u8.
            let stated = try node.int("output_dtype", default: 0) == 0 ? nil : try node.elementType("output_dtype")
            let type = node.has(2) ? try node.fact(2).type : stated ?? .u8
            guard !type.isFloatingPoint else { throw .unsupported("type \(type.rawValue)") }
            try node.emit(.quantize(axis: axis, to: type))
        },
        "DequantizeLinear": OperatorReader(2...3) { node throws(NodeProblem) in
            node.ignore("output_dtype")
            let axis = try node.int("axis", default: 1)
            let block = try node.blockSize()
            guard block > 0 else { return try node.emit(.dequantize(axis: axis)) }
            try node.emitBlocks(axis: axis, of: block)
        },
        "DynamicQuantizeLinear": OperatorReader(1...1, outputs: 1...3) { node throws(NodeProblem) in
            try node.emit(.dynamicQuantize)
        },
        "MatMulInteger": OperatorReader(2...4, .matMulInteger),
        // (x, weight, x's zero point?, weight's zero point?) → i32. Whole numbers are float32's up to 2²⁴ exactly.
        "ConvInteger": OperatorReader(2...4) { node throws(NodeProblem) in
            let convolution = try node.convolution()
            let x = try node.whole(0, zero: 2, axis: 1)
            let weight = try node.whole(1, zero: 3, axis: 0)
            try node.emit(.cast(.i32), [try node.add(.convolution(convolution), x, weight)])
        },
        "QLinearConv": quantisedConvolution,
        // (a, scale, zero point, b, scale, zero point, result's scale, zero point)
        "QLinearMatMul": OperatorReader(8...8) { node throws(NodeProblem) in
            let a = try node.dequantised(0, scale: 1, zero: 2, axis: -2)
            let b = try node.dequantised(3, scale: 4, zero: 5, axis: -1)
            try node.emitQuantised(try node.add(.matMul, a, b), scale: 6, zero: 7)
        },
    ]
}

extension NodeImport {
    fileprivate func blockSize() throws(NodeProblem) -> Int {
        try int("block_size", default: 0, in: .natural)
    }

    /// Integers as float32 with their zero point, one or a list along an axis, taken off.
    fileprivate func whole(_ x: Int, zero: Int, axis: Int) throws(NodeProblem) -> ValueID {
        let numbers = try add(.cast(.f32), try operand(x))
        guard has(zero) else { return numbers }
        let offset = try along(axis, of: x, try add(.cast(.f32), try operand(zero)))
        return try add(.binary(.subtract), numbers, offset)
    }

    /// What integers stand for: (x - zero point) · scale, each one number, or a list along an axis, or of x's rank.
    func dequantised(_ x: Int, scale: Int, zero: Int, axis: Int = 0) throws(NodeProblem) -> ValueID {
        let shape = try fact(scale).shape
        let zeros = has(zero) ? try fact(zero).shape : shape
        if shape.dimensions.count <= 1, zeros == shape {
            return try add(
                .dequantize(axis: axis), try operand(x), try operand(scale), has(zero) ? try operand(zero) : nil)
        }
        let numbers = try whole(x, zero: zero, axis: axis)
        return try add(.binary(.multiply), numbers, try along(axis, of: x, try operand(scale)))
    }

    /// What the bias of a quantised product stands for: integers of the product of both operands' scales, operands 1 and
    /// 4. Nil where there is none.
    func wholeBias(_ place: Int) throws(NodeProblem) -> ValueID? {
        guard has(place) else { return nil }
        let scale = try add(.binary(.multiply), try operand(1), try operand(4))
        return try add(.binary(.multiply), try add(.cast(.f32), try operand(place)), scale)
    }

    /// A list of several numbers as a value that broadcasts along an axis of an operand; other shapes as they are.
    private func along(_ axis: Int, of x: Int, _ list: ValueID) throws(NodeProblem) -> ValueID {
        let shape = importer.graph[list].shape
        guard shape.dimensions.count == 1, shape.dimensions[0] != 1 else { return list }
        let rank = try rank(x)
        let place = axis < 0 ? axis + rank : axis
        guard place >= 0, place < rank else { throw .invalid("axis \(axis) of an operand of \(rank) axes") }
        var sizes = Array(repeating: UnmaskGraph.Dimension.fixed(1), count: rank)
        sizes[place] = shape.dimensions[0]
        return try reshape(list, to: Shape(sizes))
    }

    /// Ends the node as a value rounded to the grid of two operands; bytes where no zero point says the type.
    func emitQuantised(_ y: ValueID, scale: Int, zero: Int) throws(NodeProblem) {
        let type = has(zero) ? try fact(zero).type : .u8
        try emit(.quantize(axis: 0, to: type), [y, try operand(scale), has(zero) ? try operand(zero) : nil])
    }

    /// Scales and zero points of blocks along an axis, each repeated for its block.
    fileprivate func emitBlocks(axis: Int, of block: Int) throws(NodeProblem) {
        let shape = try fact(0).shape
        let place = axis < 0 ? axis + shape.dimensions.count : axis
        guard shape.dimensions.indices.contains(place) else { throw .invalid("axis \(axis) of shape \(shape)") }
        func spread(_ index: Int) throws(NodeProblem) -> ValueID {
            let blocks = try fact(index).shape
            guard blocks.dimensions.count == shape.dimensions.count,
                let count = blocks.dimensions[place].bound(by: [:]),
                let size = shape.dimensions[place].bound(by: [:]), count > 0, (size - 1) / block + 1 == count
            else { throw .invalid("scales \(blocks) for blocks of \(block) of \(shape)") }
            let numbers = try add(.cast(.f32), try operand(index))
            let places = (0..<size).map { $0 / block }
            return try add(.gather(axis: place), numbers, constant(places))
        }
        let x = try add(.cast(.f32), try operand(0))
        let scale = try spread(1)
        guard has(2) else { return try emit(.binary(.multiply), [x, scale]) }
        let offset = try spread(2)
        try emit(.binary(.multiply), [try add(.binary(.subtract), x, offset), scale])
    }
}
