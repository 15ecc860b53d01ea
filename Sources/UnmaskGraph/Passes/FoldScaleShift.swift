/// scaleShift → linear becomes one linear: w'ᵢⱼ = wᵢⱼ · scaleⱼ and b'ᵢ = bᵢ + Σⱼ wᵢⱼ · shiftⱼ. This is how an image's
/// mean and standard deviation disappear into the patch embedding.
public struct FoldScaleShift: Pass {
    public let name = "fold-scale-shift"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        let producers = graph.producers()
        var removed = Set<Int>()
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard case .linear(let fusion) = node.op, fusion.normEpsilon == nil,
                let x = node.inputs[LinearOperand.x], uses[x] == 1, let producer = producers[x],
                graph.nodes[producer].op == .scaleShift,
                let weightID = node.inputs[LinearOperand.weight],
                let weight = graph.constant(weightID),
                let rows = graph[weightID].shape.dimensions.first?.bound(by: [:]),
                let scale = graph.nodes[producer].inputs[1].flatMap({ graph.constant($0) }),
                let shift = graph.nodes[producer].inputs[2].flatMap({ graph.constant($0) })
            else { continue }
            let width = scale.count
            var bias =
                node.inputs[LinearOperand.bias].flatMap { graph.constant($0) } ?? Array(repeating: 0, count: rows)
            var folded = weight
            for row in 0..<rows {
                var sum = Double(bias[row])
                for column in 0..<width {
                    sum += Double(weight[row * width + column]) * Double(shift[column])
                    folded[row * width + column] = weight[row * width + column] * scale[column]
                }
                bias[row] = Float(sum)
            }
            let name = graph[weightID].name
            graph.nodes[index].inputs[LinearOperand.x] = graph.nodes[producer].inputs[0]
            graph.nodes[index].inputs[LinearOperand.weight] = graph.addConstant(
                name + " × scale", Tensor(folded, shape: [rows, width]))
            graph.nodes[index].inputs[LinearOperand.bias] = graph.addConstant(
                name + " · shift + bias", Tensor(bias, shape: [rows]))
            removed.insert(producer)
        }
        graph.removeNodes(removed)
        return removed.count
    }
}

extension Graph {
    /// A float32 constant's numbers; nil for other values.
    func constant(_ id: ValueID) -> [Float]? {
        guard let tensor = constants[id], tensor.type == .f32 else { return nil }
        return tensor.withBytes { bytes in
            [Float](unsafeUninitializedCapacity: tensor.count) { numbers, count in
                UnsafeMutableRawBufferPointer(numbers).copyMemory(from: bytes)
                count = tensor.count
            }
        }
    }
}
