internal import UnmaskGraph

extension Emitter {
    /// A linear layer over patches is a convolution whose stride is its kernel: [B, C, H, W] → [B, N, D].
    ///
    /// Where identifiers choose patches, the convolution still takes them all, and the choice waits for the positions
    /// to be added, as in the MAE that PyTorch exports. False where the pixels are not float32 [B, C, H, W].
    mutating func emitPatchEmbedding(_ node: Node, _ patches: Node) throws(ONNXExportError) -> Bool {
        guard case .patches(let size) = patches.op, let pixels = patches.inputs[0], graph[pixels].type == .f32,
            case let sides = shape(of: pixels).dimensions, sides.count == 4,
            case .fixed(let channels) = sides[1], case .fixed(let height) = sides[2], case .fixed(let width) = sides[3]
        else { return false }
        let weightID = node.inputs[LinearOperand.weight]
        let weight = try tensor(weightID, "weight", of: node)
        let kernels = initializer(
            weightID.map { graph[$0].name } ?? node.name + ".weight", weight,
            layout: .kernels(channels: channels, patch: size))
        var operands = [try operand(pixels), kernels]
        if let bias = node.inputs[LinearOperand.bias] { operands.append(try operand(bias)) }
        let map = self.node(
            "Conv", operands, node.name + "/conv",
            ["kernel_shape": .ints([size, size]), "strides": .ints([size, size])])  // [B, D, H / P, W / P]
        let count = height / size * (width / size)
        let rows = reshape(map, [0, weight.shape[0], count], node.name + "/rows")  // [B, D, N]
        let tokens = transpose(rows, [0, 2, 1], node.name)  // [B, N, D]
        if patches.inputs.count > 1, let ids = present(patches.inputs[1]) {
            ungathered[node.output] = (tokens, try operand(ids))
        } else {
            bind(node.output, to: tokens)
        }
        return true
    }

    /// Patches on their own: pixels → [B, K, P·P·C], the channel fastest.
    mutating func emitPatches(_ node: Node) throws(ONNXExportError) -> String {
        guard case .patches(let size) = node.op, let pixels = node.inputs[0],
            case let sides = shape(of: pixels).dimensions, sides.count == 4
        else { throw .unsupported(node: node.name, "its pixels are not [B, C, H, W]") }
        var x = try operand(pixels)
        let isBytes = graph[pixels].type == .u8
        if isBytes {
            x = self.node("Cast", [x], node.name + "/float", ["to": .int(ElementType.f32.onnxType.rawValue)])
        }
        let channelFirst = isBytes ? [sides[3], sides[1], sides[2]] : [sides[1], sides[2], sides[3]]
        guard case let numbers = channelFirst.compactMap({ $0.bound(by: [:]) }), numbers.count == 3 else {
            throw .unsupported(node: node.name, "the size of its image is not known")
        }
        let (channels, rows, columns) = (numbers[0], numbers[1] / size, numbers[2] / size)
        let blocks =
            isBytes ? [0, rows, size, columns, size, channels] : [0, channels, rows, size, columns, size]
        let order = isBytes ? [0, 1, 3, 2, 4, 5] : [0, 2, 4, 3, 5, 1]
        x = reshape(x, blocks, node.name + "/blocks")
        x = transpose(x, order, node.name + "/patches")
        x = reshape(x, [0, rows * columns, size * size * channels], node.name)
        guard node.inputs.count > 1, let ids = present(node.inputs[1]) else { return x }
        return gather(x, width: size * size * channels, ids: try operand(ids), at: node.name + "/kept")
    }

    /// (x [B, N, D], ids [B, K]) → [B, K, D].
    mutating func gather(_ x: String, width: Int, ids: String, at name: String) -> String {
        let column = unsqueeze(ids, axes: [2], name + "/ids", type: .i32)  // [B, K, 1]
        let rows = node("Tile", [column, integers([1, 1, width])], name + "/indices", type: .i32)  // [B, K, D]
        return node("GatherElements", [x, rows], name, ["axis": .int(1)])
    }
}
