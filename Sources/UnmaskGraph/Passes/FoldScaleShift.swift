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
            guard case .linear(let fusion) = node.op, fusion.normEpsilon == nil, node.grid == nil,
                let x = node.inputs[LinearOperand.x], uses[x] == 1, let producer = producers[x],
                graph.nodes[producer].op == .scaleShift,
                let weightID = node.inputs[LinearOperand.weight],
                let weight = graph.numbers(of: weightID),
                let rows = graph[weightID].shape.dimensions.first?.bound(by: [:]), rows > 0,
                case let width = weight.count / rows,
                case .numbers(let scale) = graph.optionalRow(graph.nodes[producer], 1, count: width),
                case .numbers(let shift) = graph.optionalRow(graph.nodes[producer], 2, count: width),
                var bias = graph.optionalRow(node, LinearOperand.bias, count: rows).numbers(count: rows, neutral: 0)
            else { continue }
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
