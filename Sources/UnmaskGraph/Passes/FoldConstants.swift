/// Primitives whose operands are all constants become constants, as do those whose results are known numbers: a position
/// embedding resized for a fixed image, dequantised weights, what is left of shape arithmetic.
public struct FoldConstants: Pass {
    public let name = "fold-constants"
    public init() {}

    /// Results may be so much larger than their operands, and have so many bytes besides: what only repeats numbers
    /// (Expand, Tile) is left to run.
    private static let mostGrowth = 8
    private static let alwaysAllowed = 1 << 20
    /// More work than this is left to run, where it is done by a kernel or refused.
    private static let mostOperations = 1 << 33

    public func run(_ graph: inout Graph) -> Int {
        var kept: [Node] = []
        for node in graph.nodes {
            if case .primitive(let primitive) = node.op, let results = fold(primitive, node, graph) {
                for (id, tensor) in zip(node.outputs, results) { graph.setConstant(id, tensor) }
            } else {
                kept.append(node)
            }
        }
        let folded = graph.nodes.count - kept.count
        graph.nodes = kept
        return folded
    }

    private func fold(_ primitive: Primitive, _ node: Node, _ graph: Graph) -> [Tensor]? {
        let known = node.outputs.compactMap { graph.knownNumbers(of: $0) }
        if known.count == node.outputs.count { return known }
        let operands = node.inputs.map { $0.flatMap { graph.constants[$0] } }
        guard !operands.isEmpty, zip(node.inputs, operands).allSatisfy({ $0 == nil || $1 != nil }) else { return nil }
        if let tensor = rearranged(primitive, operands[0], graph[node.output].shape) { return [tensor] }
        return evaluate(primitive, operands, node, graph)
    }

    /// Without touching the elements, where that can be.
    private func rearranged(_ primitive: Primitive, _ x: Tensor?, _ shape: Shape) -> Tensor? {
        switch primitive {
        case .reshape, .flatten, .squeeze, .unsqueeze, .identity:
            return shape.bound(by: [:]).flatMap { x?.reshaped($0) }
        case .transpose([1, 0]): return x?.transposed()
        case .cast(let type): return x?.type.atRunTime == type.atRunTime ? x : nil
        default: return nil
        }
    }

    private func evaluate(
        _ primitive: Primitive, _ operands: [Tensor?], _ node: Node, _ graph: Graph
    ) -> [Tensor]? {
        let given = operands.compactMap(\.self).reduce(0) { $0 + $1.byteCount }
        let (product, overflow) = given.multipliedReportingOverflow(by: FoldConstants.mostGrowth)
        guard !overflow, let most = checkedSum(product, FoldConstants.alwaysAllowed) else { return nil }
        var results: [OwnedArray] = []
        for id in node.outputs {
            let type = graph[id].type.atRunTime
            guard let shape = graph[id].shape.bound(by: [:]), let bytes = Tensor.byteCount(shape: shape, type: type),
                bytes <= most, let array = OwnedArray(type: type, shape: shape)
            else { return nil }
            results.append(array)
        }
        let (shapes, result) = (operands.map { $0?.shape }, results.first?.view.shape ?? [])
        guard primitive.flops(operands: shapes, result: result) <= FoldConstants.mostOperations,
            primitive.tableBytes(operands: shapes, result: result) <= 16 * most
        else { return nil }
        let arrays = operands.map { $0.flatMap { OwnedArray($0) } }
        do throws(EvaluationError) {
            try Evaluator().evaluate(primitive, arrays, into: results)
        } catch {
            return nil  // the node says what is wrong when it runs, if it ever does
        }
        let tensors = results.compactMap(\.tensor)
        return tensors.count == results.count ? tensors : nil
    }
}

extension Graph {
    /// A computed value's numbers as a constant, where all are known.
    fileprivate func knownNumbers(of id: ValueID) -> Tensor? {
        if let integers = integers[id] { return OwnedArray(integers, type: self[id].type)?.tensor }
        return floats[id].flatMap { Tensor($0.elements, shape: $0.shape) }
    }
}
