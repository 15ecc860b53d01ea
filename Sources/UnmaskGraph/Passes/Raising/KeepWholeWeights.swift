/// `DequantizeLinear` of a constant matrix of 8-bit numbers that products alone read, with a scale for each of their outputs or
/// one for all, becomes a constant whose numbers stay whole (`Tensor.Contents.scaled`), so that int8 products find the
/// file's own. What it stands for is the same. Other constants are left to `FoldConstants`.
public struct KeepWholeWeights: Pass {
    public let name = "keep-whole-weights"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let readers = graph.readers()
        let results = Set(graph.outputs.map(\.value))
        return graph.rewrite { editor, node in
            guard case .primitive(.dequantize(let axis)) = node.op, !results.contains(node.output),
                let id = node.inputs[0], let bytes = editor.graph.constants[id], bytes.shape.count == 2,
                let outputs = KeepWholeWeights.outputAxis(of: node.output, readers),
                let parameters = StatedScales(editor, node),
                parameters.isSingle || (axis < 0 ? axis + 2 : axis) == outputs,
                let weight = Tensor.whole(
                    bytes, axis: outputs, scales: parameters.scales, zeros: parameters.zeros)
            else { return nil }
            return .value(editor.addConstant(editor.graph[id].name, weight))
        }
    }

    /// Along which axis of a matrix its readers, products that have it on the right, give outputs; nil where they do not
    /// agree, or something else reads it.
    private static func outputAxis(of id: ValueID, _ readers: [ValueID: [Node]], steps: Int = 4) -> Int? {
        guard steps > 0, let nodes = readers[id], !nodes.isEmpty else { return nil }
        var axes: Set<Int?> = []
        for node in nodes {
            switch node.op {
            case .primitive(.matMul) where node.inputs[1] == id && node.inputs[0] != id: axes.insert(1)
            case .primitive(.gemm(_, _, _, let transposeB)) where node.inputs[1] == id && node.inputs[0] != id:
                axes.insert(transposeB ? 0 : 1)
            case .primitive(.transpose([1, 0])):
                axes.insert(outputAxis(of: node.output, readers, steps: steps - 1).map { 1 - $0 })
            default: return nil
            }
        }
        return axes.count == 1 ? axes.first ?? nil : nil
    }
}

/// The constant scales and zero points of a node that quantises or dequantises.
struct StatedScales {
    let scales: [Float]
    /// Empty where there are none: all are 0.
    let zeros: [Int]

    /// Nil where they are computed.
    init?(_ editor: GraphEditor, _ node: Node) {
        self.init(editor, scale: node.inputs[1], zero: node.inputs.count > 2 ? node.inputs[2] : nil)
    }

    init?(_ editor: GraphEditor, scale: ValueID?, zero: ValueID?) {
        guard let scale, let tensor = editor.graph.constants[scale], tensor.type.isFloatingPoint,
            tensor.shape.count <= 1, tensor.count > 0
        else { return nil }
        scales = tensor.widened()
        guard let zero else {
            zeros = []
            return
        }
        guard let tensor = editor.graph.constants[zero], tensor.shape.count <= 1, let numbers = tensor.wholeNumbers,
            !numbers.isEmpty
        else { return nil }
        zeros = numbers
    }

    /// Whether one scale and zero point serve all.
    var isSingle: Bool { scales.count == 1 && zeros.count <= 1 }
}

extension Graph {
    /// The nodes that read each value, once for each place.
    func readers() -> [ValueID: [Node]] {
        var readers: [ValueID: [Node]] = [:]
        for node in nodes {
            for id in node.inputs.compactMap({ $0 }) { readers[id, default: []].append(node) }
        }
        return readers
    }
}
