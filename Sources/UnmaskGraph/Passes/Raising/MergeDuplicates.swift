/// Primitives that compute the same from the same operands become one: exporters write `x - mean(x)` twice, and shape
/// arithmetic many times over.
public struct MergeDuplicates: Pass {
    public let name = "merge-duplicates"
    public init() {}

    private struct Key: Hashable {
        let primitive: Primitive
        let operands: [ValueID?]
        let results: Int
    }

    /// Constants are the same where their few numbers are.
    private struct Constant: Hashable {
        let shape: [Int]
        let type: ElementType
        let bytes: [UInt8]
    }

    private static let mostBytes = 256

    public func run(_ graph: inout Graph) -> Int {
        var constants: [Constant: ValueID] = [:]
        var same: [ValueID: ValueID] = [:]
        for (id, tensor) in graph.constants.sorted(by: { $0.key.index < $1.key.index })
        where tensor.byteCount <= MergeDuplicates.mostBytes {
            let key = Constant(shape: tensor.shape, type: tensor.type, bytes: tensor.withBytes { Array($0) })
            if let first = constants[key] { same[id] = first } else { constants[key] = id }
        }
        var known: [Key: ValueID] = [:]
        return graph.rewrite { _, node in
            guard case .primitive(let primitive) = node.op, node.outputs.count == 1 else { return nil }
            let operands = node.inputs.map { $0.map { same[$0] ?? $0 } }
            let key = Key(primitive: primitive, operands: operands, results: node.outputs.count)
            if let first = known[key] { return .value(first) }
            known[key] = node.output
            return nil
        }
    }
}
