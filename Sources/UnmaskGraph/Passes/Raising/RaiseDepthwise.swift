/// A convolution of each channel for itself, with stride 1 and zeros that keep the map's size, becomes `depthwiseConvolution`
/// over the map's places: [B, C, H, W] → rows [B, H·W, C] → [B, C, H, W]. The movements before and behind it meet those of
/// its neighbours, which want rows as well.
///
/// The kernels [C, 1, k, k] become k·k rows of C numbers. Kernels that their file holds as whole numbers stay: their products are
/// exact.
public struct RaiseDepthwise: Pass {
    public let name = "raise-depthwise"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(.convolution(let attributes)) = node.op, let x = node.inputs[0],
                let weight = node.inputs[1], let kernels = editor.graph.constants[weight],
                let grid = grid(editor, attributes, x, kernels), editor.shape(node.output) == editor.shape(x)
            else { return nil }
            let bias = node.operand(2)
            guard bias.map({ editor.shape($0) == [.fixed(kernels.shape[0])] }) ?? true else { return nil }
            let rows = editor.addConstant(editor.graph[weight].name, channelFastest(kernels))
            return depthwise(&editor, node, x, [rows, bias], grid)
        }
    }

    /// Nil where the convolution is of another kind.
    private func grid(
        _ editor: GraphEditor, _ attributes: Convolution, _ x: ValueID, _ kernels: Tensor
    ) -> GridConvolution? {
        if case .scaled = kernels.contents { return nil }
        let (window, map) = (attributes.window, editor.shape(x))
        guard kernels.type.isFloatingPoint, kernels.shape.count == 4, map.rank == 4, editor.graph[x].type == .f32,
            let size = window.size.first, size > 1, size % 2 == 1, window.size == [size, size],
            window.strides == [1, 1], window.dilations == [1, 1],
            kernels.shape == [attributes.groups, 1, size, size],
            map.dimensions[1].number == attributes.groups, let height = map.dimensions[2].number,
            let width = map.dimensions[3].number, height > 0, width > 0
        else { return nil }
        switch window.automatic {
        case .explicit: guard window.pads == Array(repeating: size / 2, count: 4) else { return nil }
        case .sameUpper, .sameLower: break
        case .valid: return nil
        }
        return GridConvolution(kernel: size, rows: height, columns: width)
    }

    private func depthwise(
        _ editor: inout GraphEditor, _ node: Node, _ x: ValueID, _ parameters: [ValueID?], _ grid: GridConvolution
    ) -> Replacement? {
        let (map, name) = (editor.shape(x).dimensions, node.name)
        guard let places = checkedProduct(grid.rows, grid.columns) else { return nil }
        let lastChannels: Shape = [map[0], map[2], map[3], map[1]]
        let rows: Shape = [map[0], .fixed(places), map[1]]
        let turned = editor.addValue(name + "/channels last", lastChannels)
        let result = editor.addValue(name + "/places", rows)
        guard let before = editor.reshape(turned, to: rows, named: name + "/rows"),
            let behind = editor.reshape(result, to: lastChannels, named: name + "/map")
        else { return nil }
        func transpose(_ id: ValueID, _ order: [Int], _ suffix: String, to output: ValueID) -> Node {
            Node(name: name + suffix, op: .primitive(.transpose(order)), inputs: [id], outputs: [output])
        }
        return .nodes([
            transpose(x, [0, 2, 3, 1], "/channels last", to: turned), before,
            Node(
                name: name, op: .depthwiseConvolution(grid), inputs: [before.output] + parameters, outputs: [result]),
            behind, transpose(behind.output, [0, 3, 1, 2], "/channels first", to: node.output),
        ])
    }

    /// [C, 1, k, k] as [k·k, C].
    private func channelFastest(_ kernels: Tensor) -> Tensor {
        let (channels, taps) = (kernels.shape[0], kernels.shape[2] * kernels.shape[3])
        let numbers = kernels.widened()
        let rows = (0..<taps * channels).map { numbers[$0 % channels * taps + $0 / channels] }
        return Tensor(rows, shape: [taps, channels])
    }
}
