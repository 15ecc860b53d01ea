/// A convolution whose kernel is its stride, with its map turned into rows, becomes `patches` and `linear`:
/// [B, C, H, W] → [B, D, H/P, W/P] → [B, N, D], by Reshape or Flatten and Transpose in any order.
///
/// The kernels [D, C, P, P] become rows of P·P·C numbers, the channel fastest.
public struct RaisePatchEmbedding: Pass {
    public let name = "raise-patch-embedding"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard node.op.isMovement else { return nil }
            let layout = editor.layout(of: node.output)
            let map = editor.shape(layout.base)
            guard layout.scale == 1, let (op, convolution) = editor.primitive(layout.base),
                case .convolution(let attributes) = op, map.rank == 4,
                // Rows of D numbers, in the order of the map's places.
                layout.offsets.allSatisfy({ $0 == 0 }),
                layout.dimensions.last == Layout(layout.base, shape: map).dimensions[1],
                layout.factors == [0, 2, 3, 1].flatMap({ Layout(layout.base, shape: map).dimensions[$0] }),
                let width = map.dimensions[1].number, let rows = map.dimensions[2].number,
                let columns = map.dimensions[3].number, let count = checkedProduct(rows, columns),
                let size = patchSize(editor, attributes, of: convolution)
            else { return nil }
            let shape: Shape = [map.dimensions[0], .fixed(count), .fixed(width)]
            return embedding(&editor, node, convolution, size: size, shape)
        }
    }

    /// P, where the windows neither overlap nor leave anything out.
    private func patchSize(_ editor: GraphEditor, _ attributes: Convolution, of node: Node) -> Int? {
        let window = attributes.window
        guard attributes.groups == 1, let size = window.size.first, window.size == [size, size],
            window.strides == window.size, window.dilations == [1, 1], window.pads == [0, 0, 0, 0],
            window.automatic == .explicit || window.automatic == .valid, let pixels = node.inputs[0],
            let height = editor.shape(pixels).dimensions[2].number,
            let width = editor.shape(pixels).dimensions[3].number,
            size > 0, height % size == 0, width % size == 0, editor.graph[pixels].type == .f32
        else { return nil }
        return size
    }

    private func embedding(
        _ editor: inout GraphEditor, _ node: Node, _ convolution: Node, size: Int, _ shape: Shape
    ) -> Replacement? {
        guard let pixels = convolution.inputs[0], let weightID = convolution.inputs[1],
            let kernels = editor.graph.constants[weightID], kernels.type.isFloatingPoint, kernels.shape.count == 4,
            Array(kernels.shape[2...]) == [size, size]
        else { return nil }
        let bias = convolution.inputs.count > 2 ? convolution.inputs[2] : nil
        if case .unreadable = editor.graph.optionalRow(convolution, 2, count: kernels.shape[0]) { return nil }
        let values = size * size * kernels.shape[1]
        let patches = editor.addValue(convolution.name + "/patches", shape.with(width: values))
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = patches
        operands[LinearOperand.weight] = editor.addConstant(
            editor.graph[weightID].name, channelFastest(kernels, size: size))
        operands[LinearOperand.bias] = bias
        var nodes = [
            Node(
                name: convolution.name + "/patches", op: .patches(size: size), inputs: [pixels, nil], outputs: [patches]
            )
        ]
        var linear = Node(
            name: convolution.name, op: .linear(LinearFusion()), inputs: operands, outputs: node.outputs)
        if editor.shape(node.output) != shape {
            linear.outputs = [editor.addValue(convolution.name, shape)]
            guard
                let reshape = editor.reshape(
                    linear.output, to: editor.shape(node.output), named: node.name, output: node.output)
            else { return nil }
            nodes += [linear, reshape]
        } else {
            nodes.append(linear)
        }
        return .nodes(nodes)
    }

    /// [D, C, P, P] as [D, P·P·C].
    private func channelFastest(_ kernels: Tensor, size: Int) -> Tensor {
        let (D, C, pixels) = (kernels.shape[0], kernels.shape[1], size * size)
        let numbers = kernels.widened()
        var rows = [Float](repeating: 0, count: numbers.count)
        for d in 0..<D {
            for channel in 0..<C {
                for pixel in 0..<pixels {
                    rows[(d * pixels + pixel) * C + channel] = numbers[(d * C + channel) * pixels + pixel]
                }
            }
        }
        return Tensor(rows, shape: [D, pixels * C])
    }
}
