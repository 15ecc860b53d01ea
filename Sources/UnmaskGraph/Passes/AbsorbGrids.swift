/// roundToGrid → linear becomes one linear in int8, where the grid is of 8 bits and the weight is whole numbers: the same
/// numbers, computed exactly but for the last steps. What else reads the rounded values keeps them.
public struct AbsorbGrids: Pass {
    public let name = "absorb-grids"
    public init() {}

    /// The largest k whose sums of products of bytes without signs and their corrections fit in 32 bits.
    static let largestWholeSum = 1 << 14

    public func run(_ graph: inout Graph) -> Int {
        let producers = graph.producers()
        var changed = 0
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard case .linear = node.op, node.grid == nil, let x = node.inputs[LinearOperand.x],
                let grid = graph.grid(of: x, producers), [.i8, .u8].contains(grid.type),
                let weight = node.inputs[LinearOperand.weight], let tensor = graph.constants[weight],
                case .scaled = tensor.contents, tensor.shape[1] <= AbsorbGrids.largestWholeSum
            else { continue }
            // Numbers that were moved since they were rounded are rounded to themselves.
            if let producer = producers[x], case .roundToGrid = graph.nodes[producer].op {
                graph.nodes[index].inputs[LinearOperand.x] = graph.nodes[producer].inputs[0]
            }
            graph.nodes[index].grid = grid
            graph.nodes[index].arithmetic = .i8
            changed += 1
        }
        if changed > 0 { graph.removeUnused() }
        return changed
    }
}
