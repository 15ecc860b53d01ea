internal import UnmaskGraph
internal import UnmaskWeights

extension Emitter {
    /// Movement, shapes as numbers, and quantised numbers.
    mutating func emitMovement(_ primitive: Primitive, _ node: Node) throws(ONNXExportError) -> [String] {
        switch primitive {
        case .transpose(let order): [try plain("Transpose", node, ["perm": .ints(order)])]
        case .reshape(let allowZero):
            [try plain("Reshape", node, allowZero ? ["allowzero": .int(1)] : [:], since: allowZero ? 14 : 5)]
        case .flatten(let axis): [try plain("Flatten", node, ["axis": .int(axis)])]
        case .squeeze: [try emitAxes("Squeeze", node)]
        case .unsqueeze: [try emitAxes("Unsqueeze", node)]
        case .slice: [try plain("Slice", node)]
        case .split(let axis): try emitSplit(axis: axis, node)
        case .concat(let axis): [try plain("Concat", node, ["axis": .int(axis)])]
        case .gather(let axis): [try plain("Gather", node, ["axis": .int(axis)])]
        case .gatherElements(let axis): [try plain("GatherElements", node, ["axis": .int(axis)])]
        case .gatherND(let batchAxes):
            [
                try plain(
                    "GatherND", node, batchAxes == 0 ? [:] : ["batch_dims": .int(batchAxes)],
                    since: batchAxes == 0 ? 11 : 12)
            ]
        case .scatterND(let reduction): [try emitScatter("ScatterND", reduction, [], node)]
        case .scatterElements(let axis, let reduction):
            [try emitScatter("ScatterElements", reduction, [("axis", .int(axis))], node)]
        case .expand: [try plain("Expand", node)]
        case .tile: [try plain("Tile", node)]
        case .pad(let mode): [try emitPad(mode, node)]
        case .triangle(let upper): [try plain("Trilu", node, ["upper": .int(upper ? 1 : 0)], since: 14)]
        case .depthToSpace(let block, let columnRow):
            [
                try plain(
                    "DepthToSpace", node,
                    ["blocksize": .int(block), "mode": .string(columnRow ? "CRD" : "DCR")])
            ]
        case .spaceToDepth(let block): [try plain("SpaceToDepth", node, ["blocksize": .int(block)])]

        case .shape(let start, let end): [try emitShape(start: start, end: end, node)]
        case .size: [try plain("Size", node)]
        case .range: [try plain("Range", node)]
        case .constantOfShape(let type, let bytes): [try emitConstantOfShape(type, bytes, node)]
        case .identity: [try plain("Identity", node)]

        case .quantize(let axis, let type): [try emitQuantize(axis: axis, to: type, node)]
        case .dequantize(let axis):
            [try plain("DequantizeLinear", node, opset >= 13 ? ["axis": .int(axis)] : [:], float32: true)]
        case .dynamicQuantize: try results("DynamicQuantizeLinear", node, float32: true)
        case .matMulInteger: [try plain("MatMulInteger", node)]
        default: throw .unsupported(node: node.name, "\(primitive.name) has no ONNX operator")
        }
    }

    /// Axes are an attribute before opset 13.
    private mutating func emitAxes(_ op: String, _ node: Node) throws(ONNXExportError) -> String {
        guard opset < 13, node.inputs.count > 1, let axes = node.inputs[1] else { return try plain(op, node) }
        return append(
            op, [try operands(of: node)[0]], node, [("axes", .ints(try integers(axes, "axes", of: node)))])[0]
    }

    /// Sizes are an attribute before opset 13; without them, the number of parts is one from opset 18.
    private mutating func emitSplit(axis: Int, _ node: Node) throws(ONNXExportError) -> [String] {
        var attributes: [(String, ExportAttribute)] = [("axis", .int(axis))]
        let sizes = node.inputs.count > 1 ? node.inputs[1] : nil
        if sizes == nil, opset >= 18 { attributes.append(("num_outputs", .int(node.outputs.count))) }
        guard opset < 13 else { return try results("Split", node, attributes) }
        if let sizes { attributes.append(("split", .ints(try integers(sizes, "sizes", of: node)))) }
        return append("Split", [try operands(of: node)[0]], node, attributes)
    }

    private mutating func emitScatter(
        _ op: String, _ reduction: ScatterReduction, _ attributes: [(String, ExportAttribute)], _ node: Node
    ) throws(ONNXExportError) -> String {
        switch reduction {
        case .none: return try withAttributes(op, node, attributes)
        case .add, .multiply:
            let name = reduction == .add ? "add" : "mul"
            return try withAttributes(op, node, attributes + [("reduction", .string(name))], since: 16)
        case .maximum, .minimum:
            let name = reduction == .maximum ? "max" : "min"
            return try withAttributes(op, node, attributes + [("reduction", .string(name))], since: 18)
        }
    }

    /// Axes are an operand from opset 18; before that the pads cover all of them.
    private mutating func emitPad(_ mode: PaddingMode, _ node: Node) throws(ONNXExportError) -> String {
        if mode == .wrap { try require(19, "Pad that wraps", node) }
        let attributes: [(String, ExportAttribute)] = [("mode", .string(mode.rawValue))]
        guard opset < 18, node.inputs.count > 3, let axesID = node.inputs[3], let x = node.inputs[0],
            let padsID = node.inputs[1]
        else { return try withAttributes("Pad", node, attributes) }
        let (axes, given) = (try integers(axesID, "axes", of: node), try integers(padsID, "pads", of: node))
        guard given.count == 2 * axes.count else {
            throw .unsupported(node: node.name, "\(given.count) pads for \(axes.count) axes")
        }
        let rank = rank(x)
        var pads = [Int](repeating: 0, count: 2 * rank)
        for (place, axis) in axes.enumerated() {
            let axis = axis < 0 ? axis + rank : axis
            pads[axis] = given[place]
            pads[rank + axis] = given[axes.count + place]
        }
        var operands = try operands(of: node)
        operands = [operands[0], integers(pads)] + (operands[2].isEmpty ? [] : [operands[2]])
        return append("Pad", operands, node, attributes)[0]
    }

    /// A range of dimensions is an attribute from opset 15; before that the shape is sliced.
    private mutating func emitShape(start: Int, end: Int?, _ node: Node) throws(ONNXExportError) -> String {
        guard start != 0 || end != nil else { return try plain("Shape", node) }
        if opset >= 15 {
            let attributes: [(String, ExportAttribute)] =
                [("start", .int(start))] + (end.map { [("end", .int($0))] } ?? [])
            return try withAttributes("Shape", node, attributes)
        }
        let whole = self.node("Shape", try operands(of: node), node.name + "/whole", type: .i64)
        let operands = [whole, integers([start]), integers([end ?? Int(Int64.max)]), integers([0])]
        return append("Slice", operands, node)[0]
    }

    private mutating func emitConstantOfShape(
        _ type: ElementType, _ bytes: [UInt8], _ node: Node
    ) throws(ONNXExportError) -> String {
        guard let stored = Tensor(shape: [1], type: type, contents: .owned(bytes)),
            let value = stored.converted(to: type.exported)?.tensor
        else { throw .unsupported(node: node.name, "\(bytes.count) bytes are no \(type.rawValue)") }
        return try plain("ConstantOfShape", node, ["value": .tensor(value)])
    }

    /// Only 8-bit integers before opset 21. Without a zero point the type is u8, as in ONNX.
    private mutating func emitQuantize(
        axis: Int, to type: ElementType, _ node: Node
    ) throws(ONNXExportError) -> String {
        if ![.u8, .i8].contains(type) { try require(21, "QuantizeLinear to \(type.rawValue)", node) }
        var attributes: [(String, ExportAttribute)] = opset >= 13 ? [("axis", .int(axis))] : []
        if node.inputs.count < 3 || node.inputs[2] == nil, type != .u8 {
            try require(21, "QuantizeLinear to \(type.rawValue) without a zero point", node)
            attributes.append(("output_dtype", .int(type.onnxType.rawValue)))
        }
        return try withAttributes("QuantizeLinear", node, attributes, float32: true)
    }
}
